"""Read and write the cells of Excel workbooks: the text of the first sheet, and nothing else of the format.

A workbook is a zip archive of XML. Sizes are checked before anything is unpacked, and formulas count by the value that
was stored with them.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import IO, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

SIGNATURE: Final = b"PK\x03\x04"
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_COLUMNS: Final = 200
SHEETS: Final = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
SHARED: Final = "xl/sharedStrings.xml"
_COLUMN: Final = re.compile(r"[A-Z]+")
# Longer numbers stay as they are written: an exponent of a few characters can stand for a million digits.
MAX_DIGITS: Final = 40
CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# RuntimeError is a part that is encrypted, LookupError an encoding that nobody knows.
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    EOFError,
    LookupError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


class NotAWorkbook(ValueError):
    """The content is no workbook that can be read."""


class TooManyColumns(NotAWorkbook):
    """The workbook has a cell beyond the last column that is read."""


def rows_of_workbook(
    content: bytes, *, max_unpacked: int = MAX_UNPACKED_BYTES, refuse_wide: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each row of the first sheet.

    Columns after the 200th are left out, or refused with ``refuse_wide``. Raises NotAWorkbook, also while rows are
    read, and for a workbook that unpacks to more than ``max_unpacked`` bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = sorted((int(found[1]), name) for name in archive.namelist() if (found := SHEETS.fullmatch(name)))
            if not sheets or sum(each.file_size for each in archive.infolist()) > max_unpacked:
                raise NotAWorkbook
            shared = _shared_texts(archive) if SHARED in archive.namelist() else []
            with archive.open(sheets[0][1]) as sheet:
                yield from _rows(sheet, shared, refuse_wide)
    except NotAWorkbook:
        raise
    except _UNREADABLE as error:
        raise NotAWorkbook from error


def _rows(sheet: IO[bytes], shared: list[str], refuse_wide: bool) -> Iterator[tuple[int, list[str]]]:
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
            elif refuse_wide:
                raise TooManyColumns
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
        number = Decimal(text) if text else None
    except InvalidOperation:
        return text
    if number is None:
        return ""
    _sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) + abs(exponent) > MAX_DIGITS:
        return text
    return f"{number:f}".removesuffix(".0")


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


_NAMESPACES: Final = "http://schemas.openxmlformats.org"
_PARTS: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_NAMESPACES}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{CONTENT_TYPE}.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_NAMESPACES}/package/2006/relationships"><Relationship Id="rId1"'
        f' Type="{_NAMESPACES}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_NAMESPACES}/spreadsheetml/2006/main"'
        f' xmlns:r="{_NAMESPACES}/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_NAMESPACES}/package/2006/relationships"><Relationship Id="rId1"'
        f' Type="{_NAMESPACES}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>"
    ),
}
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def workbook_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook with the texts on its only sheet. A text is never a formula."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = (
            f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else "<c/>"
            for text in row
        )
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    sheet = (
        f'<worksheet xmlns="{_NAMESPACES}/spreadsheetml/2006/main"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, f"{_DECLARATION}{part}")
    return content.getvalue()
