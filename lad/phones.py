"""Parse phone numbers as people write them into the columns of the tables, and format them."""

from dataclasses import dataclass
from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from phonenumbers import NumberParseException, PhoneNumberFormat

# The country of a number without a country code, by its length.
_LOCAL_LENGTH: Final = {11: "IN", 10: "AE"}
_BARE_LENGTH: Final = {9: "AE"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as the tables store it.

    ``base_number`` is the national number as an integer. ``leading_zeros`` counts the zeros in front that
    belong to it, as in Italy.
    """

    country_code: str
    base_number: int
    leading_zeros: int = 0

    @property
    def national(self) -> str:
        """Return the national number with its leading zeros."""
        return "0" * self.leading_zeros + str(self.base_number)

    @property
    def e164(self) -> str:
        """Return the number in E.164, for example ``+390612345678``."""
        return f"{self.country_code}{self.national}"

    @property
    def international(self) -> str:
        """Return the number for people, for example ``+39 06 1234 5678``. An unknown country's number is in E.164."""
        try:
            return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)
        except NumberParseException:
            return self.e164


def parse(text: str, region: str | None = None) -> Phone:
    """Parse a number. ``region`` (``"IT"``) is the country of a number without a country code.

    Raises ValidationError if the number cannot be dialled.
    """
    written = _with_prefix(text)
    try:
        number = phonenumbers.parse(written, region or _region_of(written))
    except NumberParseException as error:
        raise _invalid(text) from error
    if not phonenumbers.is_possible_number(number):
        raise _invalid(text)
    national = phonenumbers.national_significant_number(number)
    bare = national.lstrip("0")
    if not bare:
        raise _invalid(text)
    return Phone(f"+{number.country_code}", int(bare), len(national) - len(bare))


def normalise(text: str, region: str | None = None) -> str:
    """Return the number in E.164. Raises ValidationError."""
    return parse(text, region).e164


def _with_prefix(text: str) -> str:
    """Replace ``00`` or ``011`` in front of a country code by ``+``."""
    written = text.strip()
    for prefix in ("00", "011"):
        if written.startswith(prefix):
            return f"+{written.removeprefix(prefix)}"
    return written


def _region_of(written: str) -> str | None:
    if written.startswith("+"):
        return None
    digits = "".join(character for character in written if character.isdigit())
    if digits.startswith("0"):
        return _LOCAL_LENGTH.get(len(digits))
    if len(digits) == 10:
        return "IN" if digits[0] in "6789" else "US"
    return _BARE_LENGTH.get(len(digits))


def _invalid(text: str) -> ValidationError:
    return ValidationError(
        f"“{text}” is not a phone number. Write it with its country code, for example +971 50 123 4567.", code="phone"
    )
