"""What Apollo's answers look like."""

from typing import Any, Final

from sandbox.providers.apollo.population import Company, Person, Population

MAYBE: Final = "Maybe: please request direct dial via people/bulk_match"
REFRESHED: Final = "2026-10-{day:02d}T08:{minute:02d}:00.000+00:00"


def found_person(population: Population, person: Person) -> dict[str, Any]:
    """Return a person as the people search shows them."""
    company = person.company
    return {
        "id": population.person_id(person.number),
        "first_name": person.first,
        "last_name_obfuscated": f"{person.last[:2]}***{person.last[-1]}",
        "title": person.title.name,
        "last_refreshed_at": REFRESHED.format(day=1 + person.number % 28, minute=person.number % 60),
        "has_email": person.email_status != "unavailable",
        "has_city": True,
        "has_state": True,
        "has_country": True,
        "has_direct_phone": "Yes" if person.phone_known else MAYBE,
        "organization": {
            "name": company.name,
            "has_industry": True,
            "has_phone": True,
            "has_city": True,
            "has_state": True,
            "has_country": True,
            "has_zip_code": False,
            "has_revenue": True,
            "has_employee_count": True,
        },
    }


def matched_person(population: Population, person: Person, *, known: bool) -> dict[str, Any]:
    """Return a person as a match tells them. ``known`` says whether the team had revealed them before."""
    slug = f"{person.first}-{person.last}-{person.number:x}".lower().replace(" ", "-")
    return {
        "id": population.person_id(person.number),
        "first_name": person.first,
        "last_name": person.last,
        "name": person.name,
        "linkedin_url": f"http://www.linkedin.example/in/{slug}",
        "title": person.title.name,
        "email_status": person.email_status,
        "photo_url": None,
        "twitter_url": None,
        "headline": f"{person.title.name} at {person.company.name}",
        "email": person.email or None,
        "organization_id": population.company_id(person.company.number),
        "employment_history": [
            {
                "current": True,
                "organization_id": population.company_id(person.company.number),
                "organization_name": person.company.name,
                "start_date": f"{2012 + person.number % 13}-0{1 + person.number % 9}-01",
                "end_date": None,
                "title": person.title.name,
            }
        ],
        "city": person.place.city,
        "state": person.place.state,
        "country": person.place.country,
        "departments": [person.title.department],
        "seniority": person.title.seniority,
        "revealed_for_current_team": known,
        "organization": organization(population, person.company),
    }


def organization(population: Population, company: Company) -> dict[str, Any]:
    """Return a company as the company search and the enrichment tell it."""
    place = company.place
    return {
        "id": population.company_id(company.number),
        "name": company.name,
        "website_url": f"http://www.{company.domain}",
        "linkedin_url": f"http://www.linkedin.example/company/{company.domain.partition('.')[0]}",
        "primary_domain": company.domain,
        "primary_phone": {"number": company.phone, "sanitized_number": company.phone, "source": "Account"},
        "phone": company.phone,
        "sanitized_phone": company.phone,
        "founded_year": company.founded,
        "industry": company.industry.name,
        "industries": [company.industry.name],
        "keywords": list(company.industry.keywords),
        "estimated_num_employees": company.employees,
        "annual_revenue": company.revenue,
        "annual_revenue_printed": f"{company.revenue / 1_000_000:.1f}M",
        "total_funding": company.funding or None,
        "latest_funding_stage": company.round or None,
        "latest_funding_round_date": company.funded_on or None,
        "city": place.city,
        "state": place.state,
        "country": place.country,
        "raw_address": f"{place.city}, {place.state}, {place.country}",
        "short_description": f"{company.name} in {place.city}: {', '.join(company.industry.keywords[:3])}.",
        "technology_names": list(company.technologies),
        "current_technologies": [{"uid": uid, "name": uid.replace("_", " ").title()} for uid in company.technologies],
    }


def phone_entry(population: Population, person: Person) -> dict[str, Any]:
    """Return a person as the webhook tells their phones."""
    numbers = []
    if person.phone:
        numbers.append(
            {
                "raw_number": person.phone,
                "sanitized_number": person.phone,
                "type_cd": person.phone_type,
                "confidence_cd": ("high", "medium", "low")[person.number % 3],
                "status_cd": "valid_number",
                "dnc_status_cd": "found" if person.number % 29 == 0 else "not_found",
                "dnc_other_info": None,
            }
        )
    return {"id": population.person_id(person.number), "status": "success", "phone_numbers": numbers}
