"""Texts, dates and numbers of documents in every language, and catalogues that match the code."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from string import Formatter

from lad.languages import Language, catalogue, localisation

ROOT = Path(__file__).parents[2]
APPS = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")
PHRASE = re.compile(r'{% phrase "([^"]+)"')
TRANSLATED = [language for language in Language if language != Language.ENGLISH]


def test_dates_and_numbers_follow_the_customs_of_the_language() -> None:
    amount, small, day = Decimal("-1234567.5"), Decimal("0.000105"), date(2026, 11, 1)
    shown = {
        str(language): (
            words.money(amount, "EUR", 2),
            words.exact(small),
            words.date(day),
            words.month(day),
            words.direction,
        )
        for language in Language
        for words in [localisation(language)]
    }
    assert shown == {
        "en": ("EUR −1,234,567.50", "0.000105", "1 November 2026", "November 2026", "ltr"),
        "de": ("−1.234.567,50\xa0EUR", "0,000105", "1. November 2026", "November 2026", "ltr"),
        "fr": ("−1\u202f234\u202f567,50\xa0EUR", "0,000105", "1 novembre 2026", "novembre 2026", "ltr"),
        "es": ("−1.234.567,50\xa0EUR", "0,000105", "1 de noviembre de 2026", "noviembre de 2026", "ltr"),
        "ar": ("\u200eEUR \u200e−1,234,567.50", "0.000105", "1 نوفمبر 2026", "نوفمبر 2026", "rtl"),
    }


def test_an_unknown_language_or_text_stays_english() -> None:
    assert localisation("tlh").text("Invoice") == localisation("").text("Invoice") == "Invoice"
    assert localisation("de").text("cash in {hand}") == "cash in {hand}"
    assert localisation("de").text("{document} from {issuer}", document="{x}", issuer="Y") == "{x} von Y"


def test_every_text_of_documents_and_mails_is_in_every_catalogue() -> None:
    used = {message for path in _sources("*.py") for message in _messages(ast.parse(path.read_text()))}
    used |= {message for path in _sources("*.html", "*.txt") for message in PHRASE.findall(path.read_text())}
    assert len(used) > 100
    for language in TRANSLATED:
        texts = catalogue(language)
        assert {*texts} == used, language
        assert all(texts.values()), language
        assert {message for message in used if _names(message) != _names(texts[message])} == set(), language


def _sources(*patterns: str) -> Iterator[Path]:
    for app in APPS:
        for pattern in patterns:
            paths = (ROOT / app).rglob(pattern)
            yield from (path for path in paths if "lad.languages" in (text := path.read_text()) or "phrase" in text)


def _messages(tree: ast.AST) -> Iterator[str]:
    """Yield the literal messages that are marked or translated."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        message = call.args[0]
        if name in ("text", "marked") and isinstance(message, ast.Constant) and isinstance(message.value, str):
            yield message.value


def _names(message: str) -> set[str]:
    return {name for _text, name, _format, _conversion in Formatter().parse(message) if name}
