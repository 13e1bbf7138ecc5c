"""What is known of a person or a company, in one form for leads and for both caches of company directories.

None means that nothing is known; an empty tuple that there is nothing, as far as the source knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from leads.companies.models import CompanySearchCache, EmployeeCache

# More words of a description hardly say more.
MAX_TEXT: Final = 2_000
MAX_LISTED: Final = 200
# The keys under which directories and imports store what a company is.
INDUSTRY: Final = ("industry", "industries")
EMPLOYEES: Final = ("estimated_num_employees", "employees", "employee_count", "num_employees", "company_size")
KEYWORDS: Final = ("keywords", "keyword_tags", "tags")
TECHNOLOGIES: Final = ("technology_names", "technologies", "current_technologies", "tech_stack")
DESCRIPTIONS: Final = ("short_description", "seo_description", "description", "headline")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a lead, an employee or a company. ``is_person`` is False for a company."""

    title: str = ""
    seniority: str = ""
    departments: tuple[str, ...] = ()
    company: str = ""
    domain: str = ""
    industry: str = ""
    location: str = ""
    employees: int | None = None
    keywords: tuple[str, ...] | None = None
    technologies: tuple[str, ...] | None = None
    text: str = ""
    is_person: bool = True


def of_employee(row: EmployeeCache) -> Facts:
    """Return the facts of a cached employee."""
    place = ", ".join(filter(None, (row.employee_city, row.employee_state, row.employee_country)))
    known = {
        "title": row.employee_title,
        "company": row.company_name,
        "domain": row.company_domain,
        "location": place,
        "text": row.employee_headline[:MAX_TEXT],
    }
    return from_data(known, row.employee_data)


def of_company(row: CompanySearchCache) -> Facts:
    """Return the facts of a cached company."""
    data = row.company_data if isinstance(row.company_data, dict) else {}
    place = ", ".join(filter(None, (text_of(data.get(name)) for name in ("city", "state", "country"))))
    known = {
        "company": row.company_name,
        "domain": row.company_domain,
        "location": place or text_of(data.get("raw_address")),
        "is_person": False,
    }
    return from_data(known, {"organization": data})


def from_data(known: Mapping[str, Any], *sources: Any) -> Facts:
    """Return facts: what is known from columns, completed from a provider's data, the first source that has it.

    A person's data has their company under ``organization``, where it is not flat.
    """
    found: dict[str, Any] = dict(known)
    for source in sources:
        if not isinstance(source, Mapping):
            continue
        organization = source.get("organization")
        company = organization if isinstance(organization, Mapping) else {}
        _complete(found, (company, source))
        found.setdefault("seniority", text_of(source.get("seniority")))
        found["departments"] = found.get("departments") or texts_of(source.get("departments")) or ()
    return Facts(**found)


def _complete(found: dict[str, Any], sources: tuple[Mapping[str, Any], ...]) -> None:
    for source in filter(None, sources):
        found["industry"] = found.get("industry") or _first(source, INDUSTRY, text_of) or ""
        if found.get("employees") is None:
            found["employees"] = _first(source, EMPLOYEES, number_of)
        if found.get("keywords") is None:
            found["keywords"] = _first(source, KEYWORDS, texts_of)
        if found.get("technologies") is None:
            found["technologies"] = _first(source, TECHNOLOGIES, texts_of)
        found["text"] = found.get("text") or (_first(source, DESCRIPTIONS, text_of) or "")[:MAX_TEXT]


def _first(source: Mapping[str, Any], names: Iterable[str], read: Any) -> Any:
    for name in names:
        if (said := source.get(name)) is not None and (value := read(said)) not in (None, ""):
            return value
    return None


def text_of(value: Any) -> str:
    """Return the text, or the first of several, or an empty one."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    return " ".join(value[:MAX_TEXT].split()) if isinstance(value, str) else ""


def texts_of(value: Any) -> tuple[str, ...] | None:
    """Return the listed texts, or those of a text with commas. None if it is neither."""
    if isinstance(value, str):
        value = value.split(",") if value.strip() else None
    if not isinstance(value, list | tuple):
        return None
    names = (each.get("name") if isinstance(each, Mapping) else each for each in value[:MAX_LISTED])
    return tuple(found for each in names if (found := text_of(each)))


def number_of(value: Any) -> int | None:
    """Return the number of employees. Of a range such as ``51-200`` it is the middle; None if it is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 < value < 100_000_000 else None
    if not isinstance(value, str) or len(value) > 40:
        return None
    parts = [part.strip().replace(",", "").replace(".", "") for part in value.replace("\u2013", "-").split("-")]
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
    if len(numbers) == len(parts) in {1, 2} and 0 < max(numbers) < 100_000_000:
        return sum(numbers) // len(numbers)
    return int(parts[0][:-1]) if len(parts) == 1 and parts[0][:-1].isdigit() and parts[0].endswith("+") else None
