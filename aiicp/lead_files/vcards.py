"""Read address cards (vCard 2.1, 3.0 and 4.0) as rows of a table."""

import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

HEADINGS: Final = (
    *("First name", "Last name", "Full name", "E-mail", "Phone", "LinkedIn", "Job title", "Company", "Website"),
    *("City", "Country", "Notes"),
)
_START: Final = re.compile(r"\A\ufeff?\s*BEGIN:VCARD\s*$", re.IGNORECASE | re.MULTILINE)
# A line that goes on in the next one: folded, or in quoted-printable.
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK: Final = re.compile(r"=\r?\n")
_PROPERTY: Final = re.compile(r'^(?:[\w-]+\.)?([\w-]+)((?:;(?:[^;:"]|"[^"]*")*)*):(.*)')
_ESCAPED: Final = re.compile(r"\\(.)")
_PARTED: Final = re.compile(r"(?<!\\);")
# Headings of properties that are one text. Of several the first counts.
_PLAIN: Final[Mapping[str, str]] = {
    "FN": "Full name",
    "EMAIL": "E-mail",
    "TEL": "Phone",
    "TITLE": "Job title",
    "NOTE": "Notes",
}
_PLACE_OF_CITY, _PLACE_OF_COUNTRY = 3, 6


def is_cards(text: str) -> bool:
    """Return whether the text begins as a file of cards."""
    return _START.match(text) is not None


def lines_of_cards(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the headings, and then a row for each card, numbered from 1 as cards are."""
    yield 0, HEADINGS
    number, found = 0, dict[str, str]()
    for line in _unfolded(text):
        name, parameters, value = _parts(line)
        match name:
            case "BEGIN":
                number, found = number + 1, {}
            case "END":
                if found.get("First name") or found.get("Last name"):
                    found.pop("Full name", None)
                yield number, tuple(found.get(heading, "") for heading in HEADINGS)
                found = {}
            case _:
                for heading, each in _cells(name, parameters, value):
                    if each and not found.get(heading):
                        found[heading] = each


def _unfolded(text: str) -> Iterator[str]:
    for line in _FOLD.sub("", _SOFT_BREAK.sub("", text) if "QUOTED-PRINTABLE" in text.upper() else text).splitlines():
        if line.strip():
            yield line


def _parts(line: str) -> tuple[str, str, str]:
    found = _PROPERTY.fullmatch(line)
    return (found[1].upper(), found[2].upper(), found[3]) if found else ("", "", "")


def _cells(name: str, parameters: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the headings and texts of a property."""
    if "QUOTED-PRINTABLE" in parameters:
        value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")
    parts = [_plain(each) for each in _PARTED.split(value)]
    if name == "N":
        yield "Last name", parts[0]
        yield "First name", parts[1] if len(parts) > 1 else ""
    elif name == "ORG":
        yield "Company", parts[0]
    elif name == "ADR" and len(parts) > _PLACE_OF_CITY:
        yield "City", parts[_PLACE_OF_CITY]
        yield "Country", parts[_PLACE_OF_COUNTRY] if len(parts) > _PLACE_OF_COUNTRY else ""
    elif name in ("URL", "X-SOCIALPROFILE", "SOCIALPROFILE"):
        yield ("LinkedIn" if "linkedin.com/" in value.lower() else "Website" if name == "URL" else ""), _plain(value)
    elif name in _PLAIN:
        yield _PLAIN[name], _plain(value).removeprefix("tel:").removeprefix("mailto:")


def _plain(text: str) -> str:
    """Return a text without the marks of the format."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text).strip()
