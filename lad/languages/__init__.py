"""Documents and mails in the customer's language: texts from catalogues, dates and numbers by its customs.

LAD's own pages are English, so Django's translation of them stays off (``USE_I18N``) and costs nothing. The
catalogues are ordinary ``.po`` files beside this module, read once per process.
"""

import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from django.db import models

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
LEFT_TO_RIGHT: Final = "\N{LEFT-TO-RIGHT MARK}"
ISOLATE: Final = "\N{FIRST STRONG ISOLATE}"
END_ISOLATE: Final = "\N{POP DIRECTIONAL ISOLATE}"

CATALOGUES: Final = Path(__file__).parent


class Language(models.TextChoices):
    """The languages of documents. Each but English has a catalogue, which a test compares with the code."""

    ENGLISH = "en", "English"
    GERMAN = "de", "German (Deutsch)"
    FRENCH = "fr", "French (Français)"
    SPANISH = "es", "Spanish (Español)"
    ARABIC = "ar", "Arabic (العربية)"


# Whose customs the dates and numbers of a language follow. Arabic documents have the digits of banks and computers.
LOCALES: Final = {
    Language.ENGLISH: "en_GB",
    Language.GERMAN: "de_DE",
    Language.FRENCH: "fr_FR",
    Language.SPANISH: "es_ES",
    Language.ARABIC: "ar_AE",
}
RIGHT_TO_LEFT: Final = frozenset({Language.ARABIC})


class Localisation:
    """Translates texts and formats dates, numbers and amounts in one language."""

    def __init__(self, language: Language) -> None:
        # Imported here: only a process that makes a document or a mail needs it.
        from babel import Locale

        self.language = language
        self.locale = Locale.parse(LOCALES[language])
        self.is_right_to_left = language in RIGHT_TO_LEFT
        self.messages = catalogue(language)

    @property
    def direction(self) -> str:
        return "rtl" if self.is_right_to_left else "ltr"

    def text(self, message: str, /, **values: object) -> str:
        """Return the message in the language, with the values in its placeholders. Unknown messages stay English."""
        translated = self.messages.get(message, message)
        return translated.format(**values) if values else translated

    def number(self, value: Decimal, places: int) -> str:
        """Format the number with separators and a fixed number of decimals."""
        from babel.numbers import format_decimal

        pattern = f"#,##0.{'0' * places}" if places else "#,##0"
        shown = format_decimal(abs(value), format=pattern, locale=self.locale)
        if value >= 0:
            return shown
        # Without the mark a minus stands behind a number in text that runs from right to left.
        return f"{LEFT_TO_RIGHT}{MINUS}{shown}" if self.is_right_to_left else f"{MINUS}{shown}"

    def exact(self, value: Decimal | int) -> str:
        """Format the number with all its decimals and no trailing zeros."""
        exact = Decimal(value)
        return self.number(exact, max(0, -int(exact.normalize().as_tuple().exponent)))

    def money(self, value: Decimal, currency: str, places: int) -> str:
        """Format the amount with the code of its currency, where the language puts it."""
        shown = self.number(value, places)
        if self.is_right_to_left:
            return f"{LEFT_TO_RIGHT}{currency} {shown}"
        pattern = self.locale.currency_formats["standard"].pattern
        return f"{shown}{NO_BREAK}{currency}" if pattern.index("0") < pattern.index("¤") else f"{currency} {shown}"

    def date(self, day: datetime.date) -> str:
        """Format the date with the name of its month."""
        from babel.dates import format_date

        return format_date(day, "long", locale=self.locale)

    def month(self, day: datetime.date) -> str:
        """Format the month of the date, with its year."""
        from babel.dates import format_skeleton

        return format_skeleton("yMMMM", day, locale=self.locale)

    def isolated(self, text: str) -> str:
        """Return text of any language so that the document's direction does not reorder it."""
        return f"{ISOLATE}{text}{END_ISOLATE}" if text and self.is_right_to_left else text


@cache
def localisation(language: str) -> Localisation:
    """Return the localisation of a language's code, English if it is unknown."""
    return Localisation(Language(language) if language in Language.values else Language.ENGLISH)


def catalogue(language: Language) -> dict[str, str]:
    """Return the language's texts by the English ones."""
    if language == Language.ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file, locale=language.value) if entry.id}


def marked(message: str) -> str:
    """Return the message unchanged, and mark it as one that catalogues translate."""
    return message
