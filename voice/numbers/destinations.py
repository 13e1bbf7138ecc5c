"""Tell numbers that may be dialled from those that may not: national, impossible, unused and premium ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult

from lad import countries, phones
from leads.contactability.places import place_of


class Reason(StrEnum):
    """Why a number is not dialled."""

    # It has no country code, so it is another number in each country.
    NATIONAL = "national"
    # No number has that country code, or that many digits.
    IMPOSSIBLE = "impossible"
    # Its length is right, but no such number is given out.
    NOT_IN_USE = "not_in_use"
    # Whoever calls it pays more than for a call: special services, satellites, personal numbers.
    PREMIUM = "premium"
    # A pager or a mailbox.
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a number is not dialled. ``detail`` is a sentence for people."""

    reason: Reason
    detail: str


PREMIUM_TYPES: Final = frozenset(
    {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER}
)
WITHOUT_PEOPLE: Final = frozenset({PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL})
# Satellites and international networks, whose calls cost many times those to a country.
COSTLY_CODES: Final = frozenset({870, 878, 881, 882, 883, 888, 979})
LENGTHS: Final = {
    ValidationResult.TOO_SHORT: "is too short",
    ValidationResult.TOO_LONG: "is too long",
    ValidationResult.INVALID_LENGTH: "has a length that no number has there",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
}
DETAILS: Final = {
    Reason.NATIONAL: "{number} has no country code. Write it with one, for example +971 50 123 4567.",
    Reason.IMPOSSIBLE: "{number} is not a telephone number: it {fault}.",
    Reason.NOT_IN_USE: "{number} has the length of a telephone number, but there is none that begins so.",
    Reason.PREMIUM: "{number} is a premium number: calls to it cost more than others. LAD does not dial it.",
    Reason.NOBODY: "{number} belongs to a pager or a mailbox, where nobody answers. LAD does not dial it.",
}
NO_COUNTRY: Final = "begins with no country's code"
SEPARATORS: Final = re.compile(r"[|,;]")
ANYWHERE: Final = frozenset({"global", "all", "any", "worldwide", "*"})


def check(to_phone: str) -> Refusal | None:
    """Return why a number is not dialled, or None for one that is. The number should be in E.164."""
    if not phones.is_international(to_phone):
        return _refused(Reason.NATIONAL, to_phone)
    try:
        number = _parsed(to_phone) or phonenumbers.parse(to_phone)
    except NumberParseException as error:
        unknown = error.error_type == NumberParseException.INVALID_COUNTRY_CODE
        return _refused(Reason.IMPOSSIBLE, to_phone, NO_COUNTRY if unknown else "cannot be read as one")
    # A valid number is one that has a type. To ask for both takes twice as long.
    kind = phonenumbers.number_type(number)
    if kind != PhoneNumberType.UNKNOWN:
        return _check_kind(number, kind, to_phone)
    if fault := LENGTHS.get(phonenumbers.is_possible_number_with_reason(number)):
        return _refused(Reason.IMPOSSIBLE, to_phone, fault)
    return _refused(Reason.NOT_IN_USE, to_phone)


def region_of(to_phone: str) -> str:
    """Return the two-letter country of a number in E.164, or an empty string for one that is in no country."""
    number = _parsed(to_phone)
    region = phonenumbers.region_code_for_number(number) if number is not None else None
    return str(region) if region in countries.NAMES else ""


def area_of(to_phone: str) -> str:
    """Return the beginning of a number in E.164 that names its area, or an empty string if it names none."""
    number = _parsed(to_phone)
    length = phonenumbers.length_of_geographical_area_code(number) if number is not None else 0
    if number is None or not length:
        return ""
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)[:length]}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The countries that may be called, None for all. ``unknown`` are the words that name no country."""

    regions: frozenset[str] | None
    unknown: tuple[str, ...] = ()

    def includes(self, region: str) -> bool:
        """Return whether a country may be called. A number in no country may only if every country may."""
        return self.regions is None or region in self.regions

    @property
    def shown(self) -> str:
        """Return the countries' names for people."""
        return ", ".join(sorted(countries.NAMES[region] for region in self.regions or ())) or "no country"


def allowed_by(value: object) -> Allowed:
    """Return what ``rules.allowed_outbound`` of a number allows: countries by name or code, or ``global``.

    Without a value every country is allowed. A word that names no country allows none.
    """
    words = value if isinstance(value, list) else SEPARATORS.split(str(value or ""))
    return _allowed(tuple(word for each in words if (word := str(each).strip())))


@lru_cache(maxsize=1_000)
def _allowed(words: Sequence[str]) -> Allowed:
    if not words or any(word.lower() in ANYWHERE for word in words):
        return Allowed(None)
    named = {word: _country_named(word) for word in words}
    return Allowed(frozenset(filter(None, named.values())), tuple(word for word, code in named.items() if not code))


def _country_named(word: str) -> str:
    return word.upper() if word.upper() in countries.NAMES else place_of(word).country


@lru_cache(maxsize=10_000)
def _parsed(to_phone: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(to_phone)
    except NumberParseException:
        return None


def _check_kind(number: PhoneNumber, kind: int, to_phone: str) -> Refusal | None:
    if kind in PREMIUM_TYPES or number.country_code in COSTLY_CODES:
        return _refused(Reason.PREMIUM, to_phone)
    return _refused(Reason.NOBODY, to_phone) if kind in WITHOUT_PEOPLE else None


def _refused(reason: Reason, to_phone: str, fault: str = "") -> Refusal:
    return Refusal(reason, DETAILS[reason].format(number=phones.shown(to_phone) or "It", fault=fault))
