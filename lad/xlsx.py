"""Read the cells of Excel workbooks: the text of the first sheet, and nothing else of the format.

A workbook is a zip archive of XML. Sizes are checked before anything is unpacked, and formulas count by the value that
was stored with them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import IO, Final
from xml.etree import ElementTree

SIGNATURE: Final = b"PK\x03\x04"
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_COLUMNS: Final = 200
SHEETS: Final = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
SHARED: Final = "xl/sharedStrings.xml"
_COLUMN: Final = re.compile(r"[A-Z]+")


class NotAWorkbook(ValueError):
    """The content is no workbook that can be read."""


def rows_of_workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each row of the first sheet. Raises NotAWorkbook, also while rows are read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = sorted((int(found[1]), name) for name in archive.namelist() if (found := SHEETS.fullmatch(name)))
            if not sheets or sum(each.file_size for each in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise NotAWorkbook
            shared = _shared_texts(archive) if SHARED in archive.namelist() else []
            with archive.open(sheets[0][1]) as sheet:
                yield from _rows(sheet, shared)
    except (zipfile.BadZipFile, ElementTree.ParseError, EOFError, IndexError, ValueError, NotImplementedError) as error:
        raise NotAWorkbook from error


def _rows(sheet: IO[bytes], shared: list[str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for _event, element in ElementTree.iterparse(sheet):  # noqa: S314  (expat refuses entities that multiply)
        if _tag(element) != "row":
            continue
        number = int(element.get("r") or number + 1)
        cells: list[str] = []
        for cell in element:
            place = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            if place < MAX_COLUMNS:
                cells += [""] * (place - len(cells))
                cells[place:] = [_text(cell, shared)]
        yield number, cells
        element.clear()


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    """Return the texts that cells name by their number."""
    texts = []
    with archive.open(SHARED) as source:
        for _event, element in ElementTree.iterparse(source):  # noqa: S314
            if _tag(element) == "si":
                texts.append(_joined(element))
                element.clear()
    return texts


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _joined(cell)
    value = next((each.text or "" for each in cell if _tag(each) == "v"), "")
    if kind == "s":
        return shared[int(value)] if value else ""
    return _number(value) if kind == "n" else value


def _number(text: str) -> str:
    """Return a number without an exponent: a long telephone number is stored as 9.7150123E+11."""
    try:
        return f"{Decimal(text):f}".removesuffix(".0") if text else ""
    except InvalidOperation:
        return text


def _joined(element: ElementTree.Element) -> str:
    """Return the text of a cell that may have several formats. How it is pronounced is left out."""
    runs = [each for each in element if _tag(each) != "rPh"]
    return "".join(part.text or "" for each in runs for part in each.iter() if _tag(part) == "t")


def _column(name: str) -> int:
    """Return the number of a cell's column, 0 for A1."""
    found = _COLUMN.match(name)
    number = 0
    for letter in found[0] if found else "A":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
