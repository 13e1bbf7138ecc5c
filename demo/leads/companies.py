"""Cached results of searches for companies and their employees."""

from typing import Final
from uuid import UUID

from demo.demo_tenant import Company, DemoTenant
from leads.companies import sources
from leads.companies.models import CompanySearchCache, EmployeeCache

SEARCHES: Final = {
    "kestrel-analytics": (
        ("logistics software", "germany", "transport"),
        ("hospital group", "spain", "health"),
        ("online retailer", "", "retail"),
        ("renewable energy", "denmark", "energy"),
        ("insurance broker", "united kingdom", ""),
    ),
    "harbour-finch": (("relocation agency", "sydney", ""), ("law firm", "melbourne", "legal")),
}
PER_PAGE: Final = 10
PAGES: Final = 3
SOURCES: Final = {sources.APOLLO: 8, sources.UNIPILE: 2, sources.LINKEDIN: 2}


def load(demo: DemoTenant) -> None:
    """Create the results of some searches, with employees of the companies found."""
    searches = SEARCHES.get(demo.slug, ())
    found = list(demo.companies(len(searches) * PAGES * PER_PAGE))
    results, people = [], []
    for number, business in enumerate(found):
        keywords, location, industry = searches[number // (PAGES * PER_PAGE)]
        asked = demo.moment()
        used = demo.random.randint(0, 12)
        results.append(
            CompanySearchCache(
                tenant=demo.tenant,
                created_at=asked,
                search_keywords=keywords,
                search_location=location,
                search_industry=industry,
                apollo_organization_id=_id(demo),
                company_name=business.name,
                company_domain=business.domain,
                company_data={
                    "name": business.name,
                    "website_url": business.website,
                    "industry": business.industry,
                    "estimated_num_employees": business.employees,
                    "city": business.city,
                    "country": business.country,
                },
                page_number=number // PER_PAGE % PAGES + 1,
                access_count=used,
                last_accessed_at=demo.after(asked, hours=24 * 20) if used else None,
            )
        )
        people += _employees(demo, business, results[-1])
    # The ids are numbers, so the rows must be inserted in order of time.
    CompanySearchCache.objects.bulk_create(sorted(results, key=lambda row: row.created_at))
    EmployeeCache.objects.bulk_create(sorted(people, key=lambda row: row.created_at))


def _employees(demo: DemoTenant, business: Company, result: CompanySearchCache) -> list[EmployeeCache]:
    rows = []
    for person in demo.people(demo.random.randint(0, 4)):
        source = demo.pick(SOURCES)
        fetched = demo.after(result.created_at, hours=24 * 10)
        rows.append(
            EmployeeCache(
                tenant=demo.tenant,
                created_at=fetched,
                company_id=result.apollo_organization_id,
                company_name=business.name,
                company_domain=business.domain,
                employee_name=person.name,
                employee_title=person.job,
                employee_email=person.email(business.domain) if demo.random.random() < 0.7 else "",
                employee_phone=demo.phone(person.region) if demo.random.random() < 0.2 else "",
                employee_linkedin_url=f"https://linkedin.example/in/{person.handle}",
                employee_headline=f"{person.job} at {business.name}",
                employee_city=person.city,
                employee_country=person.country,
                apollo_person_id=_id(demo) if source == sources.APOLLO else "",
                data_source=source,
                employee_data={"seniority": demo.random.choice(("manager", "director", "c_suite", "entry"))},
                last_fetched_at=fetched,
            )
        )
    return rows


def _id(demo: DemoTenant) -> str:
    return UUID(int=demo.random.getrandbits(128)).hex[:24]
