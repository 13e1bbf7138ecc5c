"""Invoices, receipts and credit notes in five languages and every script: whole documents, and no missing glyph."""

import io
import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import ByteStringObject, ContentStream, TextStringObject

from billing.invoicing.documents import invoice_html, invoice_pdf
from billing.invoicing.documents.fonts import fonts_for
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus
from lad.languages import Language
from tests.billing.invoicing.test_documents import RECIPIENT, VisibleText, invoice, line

EXPECTED = Path(__file__).parent / "documents"
INVISIBLE = re.compile("[\u200b\u200e\u200f\u2068\u2069]")

SCRIPTS = {
    "Latin": "Škoda Łódź Ñandú Nguyễn Ærø",
    "Greek": "Ελληνική Εταιρεία Πειραιώς",
    "Cyrillic": "Общество Їжак Љубав",
    "Arabic": "شركة الأعمال المحدودة",
    "Persian": "شرکت بازرگانی پارس",
    "Hebrew": "חברת ישראל בע״מ",
    "Hindi": "भारतीय कंपनी लिमिटेड",
    "Bengali": "বাংলা প্রতিষ্ঠান",
    "Tamil": "தமிழ் நிறுவனம்",
    "Thai": "บริษัท ตัวอย่าง จำกัด",
    "Chinese": "北京示例科技有限公司 臺灣範例",
    "Japanese": "株式会社サンプル（東京）",
    "Korean": "주식회사 보기",
    "Georgian": "შპს მაგალითი",
    "Armenian": "Օրինակ ՍՊԸ",
    "signs": "№ 5 · € ₹ ₽ ₪ ﷼ ™ ✓ → ½ “x” ‘y’",
}


def documents(language: str) -> list[Invoice]:
    """Return an invoice, a receipt and a credit note in the language."""
    recipient = {**RECIPIENT, "language": language, "timezone": "Asia/Dubai", "address": "12 Lindenstraße\nBerlin"}
    usage = invoice(recipient=recipient)
    paid = {"status": InvoiceStatus.PAID, "paid_at": datetime(2026, 11, 3, tzinfo=UTC), "payment_method": "card"}
    receipt = invoice(
        recipient=recipient,
        kind=InvoiceKind.TOPUP,
        invoice_number="R-7",
        prepaid_amount=Decimal(0),
        line_items=[line("Starter", "1", "12345.6", "12345.60", "")],
        **paid,
    )
    note = invoice(
        recipient=recipient,
        kind=InvoiceKind.CREDIT_NOTE,
        invoice_number="CN-1",
        prepaid_amount=Decimal(0),
        corrects=usage,
        **{**paid, "payment_method": "refund"},
    )
    return [usage, receipt, note]


def text_of(row: Invoice) -> list[str]:
    """Return the visible texts of the document's page, one after another."""
    parser = VisibleText()
    parser.feed(invoice_html(row))
    return [text for text in (" ".join(INVISIBLE.sub("", word).split()) for word in parser.words) if text]


def missing_glyphs(pdf: bytes) -> int:
    """Return how many characters are set with the glyph for characters that a font lacks, which has number 0."""
    reader, missing, shown = PdfReader(io.BytesIO(pdf)), 0, 0
    for page in reader.pages:
        for operands, operator in ContentStream(page["/Contents"].get_object(), reader).operations:
            pieces = operands[0] if operator == b"TJ" else operands if operator == b"Tj" else []
            for piece in pieces:
                if isinstance(piece, TextStringObject | ByteStringObject):
                    codes = piece.original_bytes
                    numbers = [codes[place : place + 2] for place in range(0, len(codes), 2)]
                    shown, missing = shown + len(numbers), missing + numbers.count(b"\0\0")
    assert shown > 100, "no text was found"
    return missing


@pytest.mark.parametrize("language", Language.values)
def test_whole_documents_in_the_customers_language(language: str) -> None:
    made = documents(language)
    texts = [text_of(row) for row in made]
    shown = "\n\n".join("\n".join(lines) for lines in texts) + "\n"
    assert shown == (EXPECTED / f"{language}.txt").read_text()
    direction = "rtl" if language == Language.ARABIC else "ltr"
    for row, lines in zip(made, texts, strict=True):
        assert f'<html lang="{language}" dir="{direction}">' in invoice_html(row)
        pdf = invoice_pdf(row)
        assert b"pdfaid" in pdf, "it is no archive format"
        assert missing_glyphs(pdf) == 0
        printed = _printed(pdf)
        assert [text for text in lines if not _is_printed(text, printed)] == []


def test_names_in_every_script_are_printed_in_fonts_that_have_them() -> None:
    row = invoice(recipient={"name": " · ".join(SCRIPTS.values())})
    pdf = invoice_pdf(row)
    assert b"pdfaid" in pdf, "it is no archive format"
    assert missing_glyphs(pdf) == 0
    printed = _printed(pdf)
    assert {script: name for script, name in SCRIPTS.items() if not _is_printed(name, printed)} == {}


def test_east_asian_characters_have_the_form_of_their_country() -> None:
    forms = {
        ("直", ""): "SC",
        ("直", "TW"): "TC",
        ("直", "HK"): "HK",
        ("直", "JP"): "JP",
        ("直 サン", "CN"): "JP",
        ("보기 直", "CN"): "KR",
    }
    families = {(text, country): fonts_for(text, country=country).families[-1] for text, country in forms}
    assert families == {each: f"Noto Sans CJK {form}" for each, form in forms.items()}
    assert not fonts_for("Ελληνική شركة", country="JP").east_asian


def test_a_glyph_that_is_missing_would_be_noticed() -> None:
    assert missing_glyphs(invoice_pdf(invoice(recipient={"name": "Acme 𓀀"}))) == 1


def _printed(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def _is_printed(text: str, printed: str) -> bool:
    """Return whether all words of the text are in the PDF's text.

    Where letters join or change places, the reader returns them in the order of the glyphs and those of a syllable
    repeatedly, so there it is enough that a printed word has all the letters.
    """
    found, printed_words = _folded(printed), [_letters(word) for word in printed.split()]
    return all(
        _folded(word) in found or any(_letters(word) <= letters for letters in printed_words) for word in text.split()
    )


def _letters(word: str) -> set[str]:
    return {letter for letter in _folded(word) if unicodedata.category(letter)[0] in "LMN"}


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
