"""Find in which time zones and country a lead may be, from the telephone number and the location."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from django.core.exceptions import ValidationError
from phonenumbers import NumberParseException
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from lad import timezones
from leads.contactability.places import countries_of_zones, place_of

UTC_NAME: Final = "UTC"
# The last digits of a number tell nothing about its place, so that the beginning is what is remembered.
_SUBSCRIBER_DIGITS: Final = 4
# All numbers of North America are bound to a place, or to none.
_NORTH_AMERICA: Final = 1
_UNKNOWN_REGIONS: Final = frozenset({phonenumbers.UNKNOWN_REGION, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY})


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a lead may be. Several zones mean that any of them is possible; the first one is shown to people."""

    zones: tuple[ZoneInfo, ...]
    country: str

    def __str__(self) -> str:
        return " ".join([self.country or "-", *(zone.key for zone in self.zones)])


def whereabouts(phone: str, location: str, *, tenant_zone: str, tenant_country: str = "") -> Whereabouts:
    """Return where a lead with this number in E.164 and this location may be: where the tenant is if neither tells.

    The number decides; a location narrows it where the number leaves a choice.
    """
    return _whereabouts(phone[:-_SUBSCRIBER_DIGITS], location, tenant_zone, tenant_country)


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone with this name, or UTC if there are no data about it."""
    return _zone(name) or ZoneInfo(UTC_NAME)


def zones_of_number(phone: str) -> frozenset[str]:
    """Return the time zones in which a number in E.164, or its beginning, may be. Empty if that is not known."""
    return _zones_of_beginning(phone[:-_SUBSCRIBER_DIGITS])


@lru_cache(maxsize=100_000)
def _whereabouts(beginning: str, location: str, tenant_zone: str, tenant_country: str) -> Whereabouts:
    by_number, place = _zones_of_beginning(beginning), place_of(location)
    both = by_number & place.zones
    if both or (place.zones and not by_number):
        names, country = both or place.zones, place.country
    elif by_number:
        names, country = by_number, _country_of_number(beginning, by_number)
    else:
        names, country = frozenset([tenant_zone]), place.country or tenant_country
    zones = tuple(zone for name in _by_importance(names, tenant_zone) if (zone := _zone(name)) is not None)
    return Whereabouts(zones or (zone_named(tenant_zone),), country)


@lru_cache(maxsize=100_000)
def _zones_of_beginning(beginning: str) -> frozenset[str]:
    digits = beginning.removeprefix("+")
    code = _country_code(digits)
    if not code:
        return frozenset()
    names, of_country = _zones_at(digits), _zones_at(str(code))
    if names != of_country and code != _NORTH_AMERICA:
        names = names if _is_tied_to_a_place(beginning + "0" * _SUBSCRIBER_DIGITS) else of_country
    return frozenset(filter(None, map(_canonical, names)))


def _zones_at(digits: str) -> tuple[str, ...]:
    """Return the zones of the longest beginning of the digits that is known."""
    for length in range(min(TIMEZONE_LONGEST_PREFIX, len(digits)), 0, -1):
        names = TIMEZONE_DATA.get(digits[:length])
        if names is not None:
            return tuple(names)
    return ()


@lru_cache(maxsize=100_000)
def _is_tied_to_a_place(number: str) -> bool:
    """Return whether a number is bound to the place that its beginning names, as mobile numbers mostly are not."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return False
    kind = phonenumbers.number_type(parsed)
    return bool(phonenumbers.is_number_type_geographical(kind, parsed.country_code or 0))


def _country_code(digits: str) -> int:
    for length in (1, 2, 3):
        if digits[:length].isdecimal() and int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(digits[:length])
    return 0


def _country_of_number(beginning: str, zones: frozenset[str]) -> str:
    """Return the country of all the zones, or else the main one of the country code."""
    found = {countries_of_zones().get(zone, "") for zone in zones}
    if len(found) == 1:
        return found.pop()
    region = phonenumbers.region_code_for_country_code(_country_code(beginning.removeprefix("+")))
    return "" if region in _UNKNOWN_REGIONS else str(region)


def _by_importance(names: frozenset[str], tenant_zone: str) -> list[str]:
    """Return the names in a fixed order, the tenant's own zone first."""
    return sorted(names, key=lambda name: (name != tenant_zone, name))


@lru_cache(maxsize=1_000)
def _canonical(name: str) -> str:
    try:
        return timezones.canonical(name)
    except ValidationError:
        return ""


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
