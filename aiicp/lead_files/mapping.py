"""Decide which column of a file holds what: by its heading, or else by what stands in it.

``model_mapping`` asks a model about the columns that are left.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiicp.lead_files.columns import BY_KEY, by_heading, folded
from aiicp.lead_files.files import Table
from lad import phones
from lad.errors import Invalid

# A column that is kept under its own heading, and one that is left out.
CUSTOM, NOTHING = "custom", ""
# Who decided: LAD's own lists, a language model, or the user.
EMBEDDED, MODEL, CHOSEN = "embedded", "model", "chosen"
# Values of a column that are looked at, and the share of them that must be alike.
_SAMPLE: Final = 200
_SHARE: Final = 0.6
# Fewer values prove nothing.
_FEWEST: Final = 1
_EMAIL: Final = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]{2,}")
_LINKEDIN: Final = re.compile(r"^(?:https?://)?(?:[a-z-]+\.)*linkedin\.com/(?:in|pub)/\S+", re.IGNORECASE)
_WEBSITE: Final = re.compile(r"^(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_MIN_PHONE_DIGITS: Final = 7
# Headings with one of these are about the company, also where the other word is a person's.
_OF_COMPANY: Final = frozenset(("company", "firma", "unternehmen", "empresa", "entreprise", "societe", "account"))
_PERSONAL: Final = frozenset(("linkedin_url", "phone", "email"))


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One column of a file: what it is taken for, who decided, and why in words. ``samples`` are its first values."""

    place: int
    heading: str
    key: str
    why: str
    samples: tuple[str, ...]
    source: str = EMBEDDED


def propose(table: Table) -> tuple[MappedColumn, ...]:
    """Return what each column of the file is taken for. No two columns are taken for the same."""
    chosen: dict[int, tuple[str, str]] = {}
    taken: set[str] = set()
    for place, heading in enumerate(table.headings):
        key = _by_name(heading)
        if key and key not in taken:
            chosen[place] = key, f"Its heading is “{heading}”."
            taken.add(key)
    for place, heading in enumerate(table.headings):
        if place in chosen:
            continue
        key = _by_content(table.column(place, most=_SAMPLE))
        if key and key not in taken and not _is_of_company(heading, key):
            chosen[place] = key, f"Most of its values look like {_LOOKS_LIKE[key]}."
            taken.add(key)
    return tuple(_mapped(table, place, *chosen.get(place, (NOTHING, ""))) for place in range(len(table.headings)))


def with_choices(table: Table, choices: Mapping[int, str]) -> tuple[MappedColumn, ...]:
    """Return the proposal with the user's own choices. Raises Invalid for an unknown one, or one chosen twice."""
    found = list(propose(table))
    for place, key in choices.items():
        if not 0 <= place < len(found) or (key not in BY_KEY and key not in (CUSTOM, NOTHING)):
            raise Invalid(errors={"mapping": [f"“{key}” is nothing that a column can hold."]})
        if key != found[place].key or key == NOTHING:
            found[place] = _mapped(table, place, key, "You chose it." if key else "", CHOSEN)
    own = [found[place].key for place in choices]
    for place, each in enumerate(found):
        # The proposal gives way to what was chosen for another column.
        if place not in choices and each.key in BY_KEY and each.key in own:
            found[place] = _mapped(table, place, NOTHING, "")
    keys = [each.key for each in found if each.key in BY_KEY]
    for key in keys:
        if keys.count(key) > 1:
            raise Invalid(errors={"mapping": [f"Two columns are chosen for {BY_KEY[key].label}. Choose one of them."]})
    return tuple(found)


def could_hold(table: Table, place: int, key: str) -> bool:
    """Return whether the values of a column can be what the key says, where that can be seen."""
    alike = _could_be_phone if key in ("phone", "whatsapp") else _ALIKE.get(key)
    values = table.column(place, most=_SAMPLE)
    if alike is None or not values:
        return bool(values)
    return sum(map(alike, values)) >= _SHARE * len(values)


def _mapped(table: Table, place: int, key: str, why: str, source: str = EMBEDDED) -> MappedColumn:
    return MappedColumn(place, table.headings[place], key, why, tuple(table.column(place, most=3)), source)


def _by_name(heading: str) -> str:
    known, name = by_heading(), folded(heading)
    found = known.get(name) or known.get(name.replace(" ", ""), "")
    if found and not _is_of_company(heading, found):
        return found
    return ""


def _is_of_company(heading: str, key: str) -> bool:
    """Return whether the column is about the company, such as its own LinkedIn page."""
    return key in _PERSONAL and bool(_OF_COMPANY.intersection(folded(heading).split()))


def _by_content(values: Sequence[str]) -> str:
    if len(values) < _FEWEST:
        return ""
    for key, alike in _ALIKE.items():
        if sum(map(alike, values)) >= _SHARE * len(values):
            return key
    return ""


def _could_be_phone(text: str) -> bool:
    return _MIN_PHONE_DIGITS <= len(phones.digits_of(text)) <= phones.MAX_NATIONAL_DIGITS


def _is_phone(text: str) -> bool:
    # Plain digits may be any number: an id, a postcode, a year.
    return _could_be_phone(text) and not text.isdecimal()


_ALIKE: Final[Mapping[str, Callable[[str], bool]]] = {
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "linkedin_url": lambda text: _LINKEDIN.fullmatch(text) is not None,
    "phone": _is_phone,
    "company_domain": lambda text: _WEBSITE.fullmatch(text) is not None,
}
_LOOKS_LIKE: Final = {
    "email": "e-mail addresses",
    "linkedin_url": "LinkedIn pages of people",
    "phone": "phone numbers",
    "company_domain": "websites",
}
