"""What the directory answered when people searched for companies and who works there."""

from typing import Final
from uuid import UUID

from demo.company import Business, DemoCompany
from leads.companies.models import CompanySearchCache, DataSource, EmployeeCache

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
SOURCES: Final = {DataSource.APOLLO: 8, DataSource.UNIPILE: 2, DataSource.LINKEDIN: 2}


def load(company: DemoCompany) -> None:
    """Searches with their answers, and some of the people found behind them."""
    searches = SEARCHES.get(company.slug, ())
    found = list(company.companies(len(searches) * PAGES * PER_PAGE))
    results, people = [], []
    for place, business in enumerate(found):
        keywords, location, industry = searches[place // (PAGES * PER_PAGE)]
        asked = company.moment()
        used = company.random.randint(0, 12)
        results.append(
            CompanySearchCache(
                tenant=company.tenant,
                created_at=asked,
                search_keywords=keywords,
                search_location=location,
                search_industry=industry,
                apollo_organization_id=_id(company),
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
                page_number=place // PER_PAGE % PAGES + 1,
                access_count=used,
                last_accessed_at=company.after(asked, hours=24 * 20) if used else None,
            )
        )
        people += _employees(company, business, results[-1])
    # Numbered in the order of time, as they would have come.
    CompanySearchCache.objects.bulk_create(sorted(results, key=lambda row: row.created_at))
    EmployeeCache.objects.bulk_create(sorted(people, key=lambda row: row.created_at))


def _employees(company: DemoCompany, business: Business, result: CompanySearchCache) -> list[EmployeeCache]:
    rows = []
    for person in company.people(company.random.randint(0, 4)):
        source = company.one(SOURCES)
        fetched = company.after(result.created_at, hours=24 * 10)
        rows.append(
            EmployeeCache(
                tenant=company.tenant,
                created_at=fetched,
                company_id=result.apollo_organization_id,
                company_name=business.name,
                company_domain=business.domain,
                employee_name=person.name,
                employee_title=person.job,
                employee_email=person.email(business.domain) if company.random.random() < 0.7 else "",
                employee_phone=company.phone(person.region) if company.random.random() < 0.2 else "",
                employee_linkedin_url=f"https://linkedin.example/in/{person.handle}",
                employee_headline=f"{person.job} at {business.name}",
                employee_city=person.city,
                employee_country=person.country,
                apollo_person_id=_id(company) if source == DataSource.APOLLO else "",
                data_source=source,
                employee_data={"seniority": company.random.choice(("manager", "director", "c_suite", "entry"))},
                last_fetched_at=fetched,
            )
        )
    return rows


def _id(company: DemoCompany) -> str:
    return UUID(int=company.random.getrandbits(128)).hex[:24]
