"""Phone numbers: what people write, split into the columns the tables hold, and back."""

from dataclasses import dataclass
from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from phonenumbers import NumberParseException, PhoneNumberFormat

# How a number without a country is read when nobody says where it is from (dictionary, section 1).
_LOCAL_LENGTH: Final = {11: "IN", 10: "AE"}
_BARE_LENGTH: Final = {9: "AE"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as the tables hold it.

    ``base_number`` is the national number read as a whole number; ``leading_zeros`` counts the zeros
    before it that belong to it, as in Italy, so that none is lost.
    """

    country_code: str
    base_number: int
    leading_zeros: int = 0

    @property
    def national(self) -> str:
        """The national number with its zeros."""
        return "0" * self.leading_zeros + str(self.base_number)

    @property
    def e164(self) -> str:
        """The number as it is dialled from anywhere, ``+390612345678``."""
        return f"{self.country_code}{self.national}"

    @property
    def international(self) -> str:
        """The number as people read it, ``+39 06 1234 5678``; one of no known plan as it is dialled."""
        try:
            return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)
        except NumberParseException:
            return self.e164


def parse(text: str, region: str | None = None) -> Phone:
    """Read a number as people write it; ``region`` (``"IT"``) is the country of one without its code.

    Raises ValidationError when it is none that could be dialled.
    """
    written = _with_prefix(text)
    try:
        number = phonenumbers.parse(written, region or _region_of(written))
    except NumberParseException as error:
        raise _wrong(text) from error
    if not phonenumbers.is_possible_number(number):
        raise _wrong(text)
    national = phonenumbers.national_significant_number(number)
    bare = national.lstrip("0")
    if not bare:
        raise _wrong(text)
    return Phone(f"+{number.country_code}", int(bare), len(national) - len(bare))


def normalise(text: str, region: str | None = None) -> str:
    """The number in E.164. Raises ValidationError."""
    return parse(text, region).e164


def _with_prefix(text: str) -> str:
    """``00`` and ``011`` before a country's code mean ``+``."""
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


def _wrong(text: str) -> ValidationError:
    return ValidationError(
        f"“{text}” is no phone number. Write it with its country, for example +971 50 123 4567.", code="phone"
    )
