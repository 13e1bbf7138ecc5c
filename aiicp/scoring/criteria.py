"""Judge one criterion at a time: what a profile wants beside what is known."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from aiicp.extraction.folding import key
from aiicp.extraction.slots import COMPANY_SIZES, Range, Slots
from aiicp.scoring import meanings
from aiicp.scoring.facts import Facts

# How far outside of the wanted range a company still counts half.
NEARLY: Final = 1.25
MOST_SHOWN: Final = 3
MAX_SHOWN: Final = 120
# Shorter phrases are no words to look for inside of others.
SHORTEST: Final = 2


class Verdict(StrEnum):
    """What a criterion says."""

    MATCH = "match"
    CLOSE = "close"
    MISSING = "missing"
    DIFFERENT = "different"
    EXCLUDED = "excluded"


class Judgement(NamedTuple):
    """What was found of one criterion, and what is wanted."""

    verdict: Verdict
    found: str = ""
    wanted: str = ""


Judge = Callable[[Facts], Judgement]
MISSING: Final = Judgement(Verdict.MISSING)


def judge_role(slots: Slots, facts: Facts) -> Judgement:
    """A wanted title, or one of its department that is at least as senior. A lower one of the department is close."""
    if not facts.title and not facts.departments:
        return MISSING
    role = meanings.role(facts.title)
    departments = role.departments | {each for name in facts.departments for each in meanings.role(name).departments}
    found = facts.title or ", ".join(facts.departments)
    close = ""
    for wanted in slots.titles:
        meant = meanings.role(wanted)
        if meant.titles & role.titles or (role.words and meant.words == role.words):
            return Judgement(Verdict.MATCH, found, wanted)
        if meant.departments & departments:
            if facts.title and role.level and role.rank >= meant.rank:
                return Judgement(Verdict.MATCH, found, wanted)
            close = close or wanted
    for wanted in slots.departments:
        if wanted in departments:
            return Judgement(Verdict.MATCH, found, wanted)
    if close:
        return Judgement(Verdict.CLOSE, found, close)
    return Judgement(Verdict.DIFFERENT, found, _shown((*slots.titles, *slots.departments)))


def judge_seniority(slots: Slots, facts: Facts) -> Judgement:
    """A wanted level. The one above or below is close."""
    level = level_of(facts)
    if not level:
        return MISSING
    wanted = _shown(slots.seniorities)
    if level in slots.seniorities:
        return Judgement(Verdict.MATCH, level, level)
    near = any(abs(meanings.RANK[level] - meanings.RANK.get(each, -9)) == 1 for each in slots.seniorities)
    return Judgement(Verdict.CLOSE if near else Verdict.DIFFERENT, level, wanted)


def judge_industry(slots: Slots, facts: Facts) -> Judgement:
    """A wanted industry, by its usual name."""
    if not facts.industry:
        return MISSING
    found = meanings.industries(facts.industry)
    for wanted in slots.industries:
        if found & (meanings.industries(wanted) | {wanted}):
            return Judgement(Verdict.MATCH, facts.industry, wanted)
    return Judgement(Verdict.DIFFERENT, facts.industry, _shown(slots.industries))


def judge_place(slots: Slots, facts: Facts) -> Judgement:
    """A wanted city, region or country. Another city of the country of a wanted city is close."""
    if not facts.location:
        return MISSING
    here, close = meanings.place(facts.location), ""
    for wanted in slots.locations:
        there = meanings.place(wanted)
        if _inside(here, there, wanted):
            return Judgement(Verdict.MATCH, facts.location, wanted)
        if there.countries & here.countries:
            close = close or wanted
    if close:
        return Judgement(Verdict.CLOSE, facts.location, close)
    if not here.is_known:
        # A place that LAD does not know is no reason against anybody.
        return MISSING
    return Judgement(Verdict.DIFFERENT, facts.location, _shown(slots.locations))


def judge_size(slots: Slots, facts: Facts) -> Judgement:
    """A number of employees in the wanted range. A quarter more or less is close."""
    if facts.employees is None:
        return MISSING
    wanted = slots.employees or Range(*COMPANY_SIZES[slots.company_size])
    least, most = wanted.least or 1, wanted.most or float("inf")
    found, shown = f"{facts.employees:,}", str(wanted) if slots.employees else slots.company_size
    if least <= facts.employees <= most:
        return Judgement(Verdict.MATCH, found, shown)
    near = least / NEARLY <= facts.employees <= most * NEARLY
    return Judgement(Verdict.CLOSE if near else Verdict.DIFFERENT, found, shown)


def judge_keywords(slots: Slots, facts: Facts) -> Judgement:
    """One of the wanted keywords, in the keywords, the description, the industry or a name."""
    for wanted in slots.keywords:
        if _says(facts, wanted):
            return Judgement(Verdict.MATCH, wanted, wanted)
    if facts.keywords is None and not facts.text:
        return MISSING
    return Judgement(Verdict.DIFFERENT, "", _shown(slots.keywords))


def judge_technologies(slots: Slots, facts: Facts) -> Judgement:
    """One of the wanted technologies."""
    if facts.technologies is None:
        return MISSING
    used = {meanings.technology(each): each for each in facts.technologies}
    for wanted in slots.technologies:
        if found := used.get(meanings.technology(wanted)):
            return Judgement(Verdict.MATCH, found, wanted)
    return Judgement(Verdict.DIFFERENT, _shown(facts.technologies), _shown(slots.technologies))


def wanted_of(slots: Slots) -> dict[str, bool]:
    """Return for each criterion whether the profile says anything about it."""
    return {
        "role": bool(slots.titles or slots.departments),
        "seniority": bool(slots.seniorities),
        "industry": bool(slots.industries),
        "place": bool(slots.locations),
        "size": slots.employees is not None or slots.company_size in COMPANY_SIZES,
        "keywords": bool(slots.keywords),
        "technologies": bool(slots.technologies),
    }


JUDGES: Final[dict[str, Callable[[Slots, Facts], Judgement]]] = {
    "role": judge_role,
    "seniority": judge_seniority,
    "industry": judge_industry,
    "place": judge_place,
    "size": judge_size,
    "keywords": judge_keywords,
    "technologies": judge_technologies,
}
# Criteria that ask nothing of a company.
OF_PEOPLE: Final = frozenset({"role", "seniority"})


def level_of(facts: Facts) -> str:
    """Return the level of a person: what the directory says, or what the title means."""
    said = facts.seniority.strip().lower().replace("-", "_").replace(" ", "_")
    return said if said in meanings.RANK else (meanings.role(facts.title).level if facts.title else "")


def exclusion(slots: Slots, facts: Facts) -> tuple[str, Judgement] | None:
    """Return the criterion by which the profile excludes somebody, with what was found. None if it does not."""
    for criterion, found in _exclusions(slots, facts):
        if found is not None:
            return criterion, Judgement(Verdict.EXCLUDED, found[0], found[1])
    return None


def _exclusions(slots: Slots, facts: Facts) -> Iterable[tuple[str, tuple[str, str] | None]]:
    if slots.excluded_companies:
        yield "company", _company(slots.excluded_companies, facts)
    if facts.title and (slots.excluded_titles or slots.excluded_departments):
        yield "role", _excluded_role(slots, facts)
    if slots.excluded_seniorities and (level := level_of(facts)) in slots.excluded_seniorities:
        yield "seniority", (level, level)
    if slots.excluded_industries and facts.industry:
        found = meanings.industries(facts.industry)
        names = (each for each in slots.excluded_industries if found & (meanings.industries(each) | {each}))
        yield "industry", _pair(facts.industry, next(names, ""))
    if facts.location:
        here = meanings.place(facts.location)
        places = (*slots.excluded_cities, *slots.excluded_regions, *slots.excluded_countries)
        yield "place", _pair(facts.location, next((p for p in places if _inside(here, meanings.place(p), p)), ""))
    if slots.excluded_technologies and facts.technologies:
        used = {meanings.technology(each): each for each in facts.technologies}
        name = next((each for each in slots.excluded_technologies if meanings.technology(each) in used), "")
        yield "technologies", _pair(used.get(meanings.technology(name), ""), name)
    for keyword in slots.excluded_keywords:
        if _says(facts, keyword):
            yield "keywords", (keyword, keyword)


def _excluded_role(slots: Slots, facts: Facts) -> tuple[str, str] | None:
    role = meanings.role(facts.title)
    for name in slots.excluded_titles:
        meant = meanings.role(name)
        if meant.titles & role.titles or meant.words == role.words:
            return facts.title, name
    return _pair(facts.title, next((each for each in slots.excluded_departments if each in role.departments), ""))


def _company(names: Iterable[str], facts: Facts) -> tuple[str, str] | None:
    own = {facts.domain.lower(), key(facts.company)} - {""}
    return next(((facts.company or facts.domain, name) for name in names if {name.lower(), key(name)} & own), None)


def _pair(found: str, name: str) -> tuple[str, str] | None:
    return (found, name) if name else None


def _inside(here: meanings.Place, there: meanings.Place, name: str) -> bool:
    if there.cities:
        return bool(there.cities & here.cities)
    if there.regions:
        region = {*there.regions, *(each.removesuffix(" (US)").removesuffix(" State") for each in there.regions)}
        several = {country for each in there.regions for country in meanings.countries_of(each)}
        return bool(region & here.regions or several & here.countries)
    if there.countries:
        return bool(there.countries & here.countries)
    words = f" {meanings.place(name).words} "
    return len(words) > SHORTEST and words in f" {here.words} "


def _says(facts: Facts, keyword: str) -> bool:
    wanted = meanings.words(keyword)
    if len(wanted) <= SHORTEST:
        return False
    texts = (facts.company, facts.title, facts.industry, facts.text, *(facts.keywords or ()))
    begins = _beginnings(wanted)
    # Splitting a description into words takes a hundred times as long as this look at its letters.
    if not _may_say("\n".join(texts), begins):
        return False
    return any(_may_say(each, begins) and wanted in f" {key(each)} " for each in texts if each)


@lru_cache(maxsize=1_000)
def _beginnings(wanted: str) -> tuple[str, ...]:
    """Return what every form of the words begins with: "company" and "companies" with "compan"."""
    return tuple(word.removesuffix("y") for word in wanted.split())


def _may_say(text: str, begins: Iterable[str]) -> bool:
    if not text.isascii():
        return True
    lower = text.lower()
    return all(word in lower for word in begins)


def _shown(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_SHOWN} more" if len(listed) > MOST_SHOWN else ""
    return ", ".join(each[:MAX_SHOWN] for each in listed[:MOST_SHOWN]) + more
