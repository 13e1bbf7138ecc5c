"""Read telephone numbers as people write them, format them, and turn search terms into stored values.

Everything that takes a number calls this module. A number is valid in the country that it is read in, or refused with
what was understood; nothing is guessed between countries. docs/decisions/0031-numbers-are-read-in-a-country.md.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Final

import phonenumbers
from django.core.exceptions import ValidationError
from django.db.models import Q
from phonenumbers import (
    CountryCodeSource,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from lad import countries

# Longer texts are no numbers.
MAX_LENGTH: Final = 100
# The longest national number, in digits.
MAX_NATIONAL_DIGITS: Final = 15
# A shorter term is searched for as a word only.
MIN_SEARCHED_DIGITS: Final = 3
# A shorter term can be no whole number without its country code.
MIN_NATIONAL_DIGITS: Final = 6

# Shown in place of a number.
UNKNOWN_NUMBER: Final = "Unknown number"

_NUMBER: Final = re.compile(r"\+?[0-9 ()\[\]./-]+")
_EXAMPLE: Final = "Write it with its country code, for example +971 50 123 4567."
_EXTENSION: Final = (
    "“{text}” has the extension {extension}, which cannot be stored with a number. Write {number} here and keep the"
    " extension elsewhere, for example in a note."
)
_REASONS: Final = {
    ValidationResult.TOO_SHORT: "which is too short there",
    ValidationResult.TOO_LONG: "which is too long there",
}
_LAST_CHARACTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as the tables store it.

    ``base_number`` is the national number as an integer. ``leading_zeros`` counts the zeros in front that
    belong to it, as in Italy. ``NO_NUMBER`` is that of a caller who withholds it.
    """

    country_code: str
    base_number: int
    leading_zeros: int = 0

    @property
    def is_known(self) -> bool:
        return bool(self.base_number)

    def columns(self, prefix: str = "") -> dict[str, Any]:
        """Return the values of a table's three columns, whose names begin with ``prefix``."""
        return {f"{prefix}{name}": value for name, value in asdict(self).items()}

    @property
    def national(self) -> str:
        """Return the national number with its leading zeros."""
        return "0" * self.leading_zeros + str(self.base_number)

    @property
    def e164(self) -> str:
        """Return the number in E.164, for example ``+390612345678``, or an empty text if it is not known."""
        return f"{self.country_code}{self.national}" if self.is_known else ""

    @property
    def international(self) -> str:
        """Return the number for people, for example ``+39 06 1234 5678``. An unknown country's number is in E.164."""
        return shown(self.e164) if self.is_known else UNKNOWN_NUMBER

    def __str__(self) -> str:
        return self.international


NO_NUMBER: Final = Phone("", 0)


def parse(text: str, country: str = "") -> Phone:
    """Read a number. ``country`` (``"IT"``) is where it is read if it has no country code; empty if none is known.

    Digits of any script are accepted. Raises ValidationError with what was understood unless the number is valid,
    and for an extension.
    """
    written = _folded(text)
    number = _read(written, text, country)
    if number.extension:
        raise _refused(_EXTENSION.format(text=text, extension=number.extension, number=_written(number)))
    if not _NUMBER.fullmatch(written):
        raise _refused(f"“{text}” is not a phone number: write it in digits. {_EXAMPLE}")
    if not phonenumbers.is_valid_number(number):
        reason = _REASONS.get(phonenumbers.is_possible_number_with_reason(number), "where there is no such number")
        place = _place(number, country)
        raise _refused(
            f"“{text}” is not a phone number: it was read as {_written(number)} in {place}, {reason}. {_EXAMPLE}"
        )
    national = phonenumbers.national_significant_number(number)
    bare = national.lstrip("0")
    return Phone(f"+{number.country_code}", int(bare), len(national) - len(bare))


def normalise(text: str, country: str = "") -> str:
    """Return the number in E.164. Raises ValidationError."""
    return parse(text, country).e164


def is_international(text: str) -> bool:
    """Return whether the number begins with a plus, so that no country is needed to read it."""
    return _folded(text).startswith("+")


def country_code(text: str) -> str:
    """Return a country code with its plus: ``39`` and ``0039`` become ``+39``. Raises ValidationError."""
    digits = _folded(text).removeprefix("+").removeprefix("00")
    if not digits.isdecimal() or int(digits) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        raise _refused("Write the country code with its plus, such as +39.")
    return f"+{int(digits)}"


def digits_of(text: str) -> str:
    """Return the digits of a text in any script as 0 to 9, or an empty string if it holds anything but a number."""
    written = _folded(text)
    return "".join(filter(str.isdecimal, written)) if _NUMBER.fullmatch(written) else ""


def may_be_mobile(number: str) -> bool:
    """Return whether a number in E.164 is a mobile one, or one of a country whose mobile numbers look like others."""
    try:
        found = phonenumbers.number_type(phonenumbers.parse(number))
    except NumberParseException:
        return False
    return found in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def shown(number: str) -> str:
    """Return a stored number for people. What cannot be read, such as an old value, is returned as it is."""
    try:
        return _written(phonenumbers.parse(number))
    except NumberParseException:
        return number


@dataclass(frozen=True, slots=True)
class PhoneTerm:
    """What a search term may mean as a telephone number.

    ``beginnings`` are those of numbers in E.164. ``national`` is a whole national number, of any country; None if
    the term is none. ``number`` is set if the term is a whole number.
    """

    beginnings: tuple[str, ...]
    national: int | None = None
    number: Phone | None = None

    def in_text(self, field: str) -> Q:
        """Return the condition that the field's number in E.164 begins so. The column must be in byte order."""
        found = Q(pk__in=[])
        for beginning in self.beginnings:
            found |= Q(**{f"{field}__gte": beginning, f"{field}__lt": beginning + _LAST_CHARACTER})
        return found

    def in_columns(self, prefix: str = "") -> Q:
        """Return the condition that the number in the three columns begins so, or is the national number.

        Matches nothing if the term names no more than a country.
        """
        found = Q(pk__in=[])
        for beginning in self.beginnings:
            found |= _columns_beginning(beginning, prefix)
        if self.national is not None:
            found |= Q(**{f"{prefix}base_number": self.national})
        return found


def search_term(text: str, country: str = "") -> PhoneTerm | None:
    """Return what the term means as a number or the beginning of one, or None if it does not look like a number.

    Terms are read as stored numbers are: digits of any script, in the international form, or in the local form of
    ``country``.
    """
    written = _folded(text)
    digits = digits_of(text)
    if len(digits) < MIN_SEARCHED_DIGITS or len(written) > MAX_LENGTH:
        return None
    try:
        number = parse(text, country)
    except ValidationError:
        number = None
    international = _international_digits(written, country)
    if international:
        beginnings = [f"+{international}"]
    else:
        # No country code begins with 0.
        beginnings = [*([] if digits.startswith("0") else [f"+{digits}"]), *_local_beginnings(digits, country)]
    if number is not None:
        # It may be written otherwise than it is stored, as +44 (0)20 is.
        beginnings.append(number.e164)
    bare = digits.lstrip("0")
    whole = not international and MIN_NATIONAL_DIGITS <= len(bare) <= MAX_NATIONAL_DIGITS
    return PhoneTerm(tuple(dict.fromkeys(beginnings)), int(bare) if whole else None, number)


def _international_digits(written: str, country: str) -> str:
    """Return the digits from the country code on, or an empty string for a local form."""
    abroad = _dialled_abroad(written, country)
    if abroad is not None:
        return f"{abroad.country_code}{phonenumbers.national_significant_number(abroad)}"
    with_plus = _with_plus(written, country)
    return digits_of(with_plus) if with_plus.startswith("+") else ""


def _local_beginnings(digits: str, country: str) -> list[str]:
    """Return what the digits of a local form may begin in E.164, with and without the prefix of national calls."""
    metadata = PhoneMetadata.metadata_for_region(country, None) if country else None
    if metadata is None:
        return []
    trunk = metadata.national_prefix
    written = [digits.removeprefix(trunk), digits] if trunk else [digits]
    return [f"+{metadata.country_code}{each}" for each in written if each]


def _columns_beginning(beginning: str, prefix: str) -> Q:
    code, national = _split(beginning.removeprefix("+"))
    bare = national.lstrip("0")
    if not bare:
        return Q(pk__in=[])
    fixed = {f"{prefix}country_code": f"+{code}", f"{prefix}leading_zeros": len(national) - len(bare)}
    found = Q()
    for missing in range(MAX_NATIONAL_DIGITS - len(bare) + 1):
        least = int(bare) * 10**missing
        found |= Q(**{f"{prefix}base_number__gte": least, f"{prefix}base_number__lt": least + 10**missing})
    return Q(**fixed) & found if len(bare) <= MAX_NATIONAL_DIGITS else Q(pk__in=[])


def _split(digits: str) -> tuple[str, str]:
    """Split digits into the country code and the rest. Both are empty if no country has the code."""
    for length in (1, 2, 3):
        if digits[:length].isdecimal() and int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length], digits[length:]
    return "", ""


def _folded(text: str) -> str:
    """Return the text with ASCII digits, dashes and spaces, and without marks that nobody sees."""
    written = text.strip()
    if not written.isascii():
        written = "".join(map(_folded_character, unicodedata.normalize("NFKC", written[: MAX_LENGTH + 1]))).strip()
    return written[4:].strip() if written[:4].lower() == "tel:" else written


def _folded_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category == "Zs":
        return " "
    return "" if category == "Cf" else character


def _read(written: str, text: str, country: str) -> PhoneNumber:
    """Return the number as the library reads it, valid or not. Raise ValidationError if it reads none."""
    if len(text) > MAX_LENGTH or not any(map(str.isdecimal, written)):
        raise _refused(f"“{text[:MAX_LENGTH]}” is not a phone number. {_EXAMPLE}")
    international = _with_plus(written, country)
    if not country and not international.startswith("+"):
        raise _refused(
            f"“{text}” is not a phone number that can be read without knowing its country: it has no country code, and"
            f" no country is set for this tenant. {_EXAMPLE}"
        )
    try:
        return phonenumbers.parse(international, country or None)
    except NumberParseException as error:
        what = ": no country has the code that it begins with" if _has_unknown_code(error) else ""
        raise _refused(f"“{text}” is not a phone number{what}. {_EXAMPLE}") from error


def _with_plus(written: str, country: str) -> str:
    """Return the text with a plus in place of ``00``, unless the country has another prefix for calls abroad.

    The library knows the country's own prefix, which may begin with ``00`` as well.
    """
    digits = "".join(filter(str.isdecimal, written))
    # No country code begins with 0.
    if written.startswith("+") or not digits.startswith("00") or digits.startswith("000"):
        return written
    if _dialled_abroad(written, country) is not None:
        return written
    second = [place for place, character in enumerate(written) if character.isdecimal()][1]
    return "+" + written[second + 1 :].lstrip(" ()-./")


def _dialled_abroad(written: str, country: str) -> PhoneNumber | None:
    """Return the number if it begins with the country's own prefix for calls abroad."""
    if not country or written.startswith("+"):
        return None
    try:
        number = phonenumbers.parse(written, country, keep_raw_input=True)
    except NumberParseException:
        return None
    return number if number.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD else None


def _has_unknown_code(error: NumberParseException) -> bool:
    return error.error_type == NumberParseException.INVALID_COUNTRY_CODE


def _written(number: PhoneNumber) -> str:
    bare = PhoneNumber()
    bare.merge_from(number)
    bare.extension = None
    return str(phonenumbers.format_number(bare, PhoneNumberFormat.INTERNATIONAL))


def _place(number: PhoneNumber, country: str) -> str:
    """Return the name of the country that the number was read in."""
    code = number.country_code or 0
    regions = phonenumbers.region_codes_for_country_code(code)
    region = country if country in regions else phonenumbers.region_code_for_country_code(code)
    return countries.NAMES.get(region, "international services")


def _refused(message: str) -> ValidationError:
    return ValidationError(message, code="phone")
