"""Time zones by their IANA names, from the tzdata package, so that every platform knows the same ones."""

from functools import cache
from importlib.resources import files
from typing import Final

from django.core.exceptions import ValidationError

# Where a zone that the database merged into another is the same place as a name that people still choose.
_SAME_PLACE: Final = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "CST6CDT": "America/Chicago",
    "EST5EDT": "America/New_York",
    "Etc/UTC": "UTC",
    "Iceland": "Atlantic/Reykjavik",
    "MST7MDT": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
# A placeholder of machines without a time zone.
_NO_ZONE: Final = "Factory"


def names() -> frozenset[str]:
    """Return the names that are accepted, aliases included."""
    return frozenset(_canonical_names())


def canonical(value: str) -> str:
    """Return the name that the time zone is stored under: ``Asia/Kolkata`` for ``Asia/Calcutta``.

    Raises ValidationError if the value is not the name of a time zone.
    """
    written = value.strip()
    found = _canonical_names().get(written) or _by_lower_case().get(written.lower())
    if found is None:
        raise ValidationError(
            f"“{written}” is not a time zone. Use an IANA name such as Asia/Dubai or UTC.", code="timezone"
        )
    return found


@cache
def _canonical_names() -> dict[str, str]:
    """Return every accepted name with its canonical one.

    A name of the list of places, zone.tab, is canonical, even where the database has merged its rules with another's.
    """
    database = [line.split() for line in _lines("tzdata.zi")]
    places = {line.split("\t")[2] for line in _lines("zone.tab") if not line.startswith("#")}
    zones = {fields[1] for fields in database if fields[0] == "Z"} - {_NO_ZONE}
    links = {fields[2]: fields[1] for fields in database if fields[0] == "L"}
    found = {name: _SAME_PLACE.get(name, name) for name in zones | places}
    for alias, target in links.items():
        if alias not in places:
            found[alias] = _SAME_PLACE.get(alias) or _SAME_PLACE.get(target, target)
    return found


@cache
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): canonical_name for name, canonical_name in _canonical_names().items()}


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
