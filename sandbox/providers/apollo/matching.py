"""Who an enrichment asks for."""

from collections.abc import Collection, Mapping
from urllib.parse import unquote, urlsplit

from sandbox.providers.apollo.population import Person, Population


def find_person(population: Population, query: Mapping[str, str]) -> Person | None:
    """Return the person that an id, an address, a profile, or a name with a company names, or None."""
    if id := query.get("id", ""):
        return population.person_of(id)
    if email := query.get("email", "").lower():
        return next((each for each in _people_at(population, email.partition("@")[2]) if each.email == email), None)
    if profile := query.get("linkedin_url", ""):
        return _by_profile(population, profile)
    name = query.get("name", "") or f"{query.get('first_name', '')} {query.get('last_name', '')}"
    people = _people_at(population, query.get("domain", ""))
    return next((each for each in people if each.name.lower() == name.strip().lower()), None)


def wants_phones(query: Mapping[str, str], *, local: Collection[str]) -> str | None:
    """Return the webhook of a call that asks for phones, an empty text to poll for them, or None.

    Raises ValueError for a webhook that Apollo would not call: without https, except on this computer.
    """
    if query.get("reveal_phone_number", "").lower() != "true":
        return None
    url = unquote(query.get("webhook_url", ""))
    if not url:
        if query.get("poll_only", "").lower() == "true":
            return ""
        raise ValueError("webhook_url is required with reveal_phone_number")
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.hostname or "") not in local:
        raise ValueError("webhook_url must be an https address")
    return url


def _people_at(population: Population, domain: str) -> list[Person]:
    company = population.company_at(domain) if domain else None
    return [] if company is None else [population.person(number) for number in population.people_of(company.number)]


def _by_profile(population: Population, profile: str) -> Person | None:
    number = profile.rstrip("/").rpartition("-")[2]
    try:
        return population.person(int(number, 16))
    except (ValueError, IndexError):
        return None
