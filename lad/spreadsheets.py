"""Write CSV files that every spreadsheet reads as they are meant: the one writer of all exports.

A file begins with a byte order mark, without which Excel reads UTF-8 as another encoding. A cell that a spreadsheet
would run as a formula gets an apostrophe in front, which ``plain_text`` removes again.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.http import HttpResponse, StreamingHttpResponse

BYTE_ORDER_MARK: Final = "\ufeff"
CONTENT_TYPE: Final = "text/csv; charset=utf-8"

# A spreadsheet runs a cell that starts with one of these as a formula. Some take the full-width forms as well.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A sign and one number, such as a telephone number, is no formula. Digits grouped by spaces are still one number.
_SIGNED_NUMBER: Final = re.compile(r"[+-][0-9]+(?:[ .,][0-9]+)*")
_APOSTROPHE: Final = "'"


class _Echo:
    """A file for the csv writer that returns each line instead of storing it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the byte order mark and each row as a line of CSV.

    Lists are joined by commas, None is an empty cell, decimals are written without an exponent.
    """
    yield BYTE_ORDER_MARK
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([cell_text(value) for value in row])


def csv_download(lines: Iterable[str], *, name: str) -> StreamingHttpResponse:
    """Return a file to download from the lines of ``csv_lines``. They are read while the response is sent."""
    response = StreamingHttpResponse(lines, content_type=CONTENT_TYPE)
    named_download(response, name)
    return response


def named_download(response: HttpResponse | StreamingHttpResponse, name: str) -> None:
    """Let browsers save the response under this name."""
    response["Content-Disposition"] = f'attachment; filename="{name}"'


def cell_text(value: object) -> str:
    """Return the text of a cell. Text that a spreadsheet would run gets an apostrophe in front."""
    match value:
        case None:
            return ""
        case bool() | int() | float():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            value = ", ".join(map(str, value))
    text = str(value)
    return f"{_APOSTROPHE}{text}" if _is_formula(text) or _is_escaped(text) else text


def plain_text(cell: str) -> str:
    """Return the text that ``cell_text`` wrote into a cell."""
    return cell[1:] if _is_escaped(cell) else cell


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA) and not _SIGNED_NUMBER.fullmatch(text)


def _is_escaped(text: str) -> bool:
    """Return whether the text is a formula behind apostrophes."""
    return text.startswith(_APOSTROPHE) and _is_formula(text.lstrip(_APOSTROPHE))
