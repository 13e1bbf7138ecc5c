"""Read the cells of a CSV file, an Excel workbook or address cards, or say what is wrong with the file."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from aiicp.lead_files.vcards import is_cards, lines_of_cards
from lad.errors import Invalid
from lad.spreadsheets import plain_text
from lad.xlsx import MAX_COLUMNS, SIGNATURE, NotAWorkbook, TooManyColumns, rows_of_workbook

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_ROWS: Final = 250_000
# Rows that are looked at before an import, and kept in memory together.
MAX_ROWS_READ: Final = 25_000
# What Excel itself allows in a cell.
MAX_CELL: Final = 32_767
MAX_UNPACKED: Final = 150 * 1024 * 1024
EXTENSIONS: Final = ("csv", "txt", "tsv", "xlsx", "vcf")

_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_PDF: Final = b"%PDF"
_SEPARATORS: Final = (",", ";", "\t", "|")
_SEPARATOR_LINE: Final = re.compile(r"\A\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
# Rows that are looked at to find the separator.
_SAMPLE_LINES: Final = 50
_SAMPLE: Final = 64 * 1024
# Bytes above ASCII stand alone in Western languages and side by side in Arabic.
_HIGH_BYTES: Final = re.compile(rb"[\x80-\xff]+")
_ARABIC_RUN: Final = 2.0

AS_CSV: Final = "Save it as CSV (UTF-8) or as an Excel workbook (.xlsx) and choose it again."
QUOTATION: Final = "Is a quotation mark missing in front of it?"


class UnreadableFile(Invalid):
    """The file cannot be read. Save it as CSV (UTF-8) or as an Excel workbook and choose it again."""

    code = "unreadable_file"


Line = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a file, each with the number of its line and as many cells as there are headings.

    ``total`` is how many rows the whole file has.
    """

    headings: tuple[str, ...]
    rows: Sequence[Line]
    total: int

    def column(self, place: int, *, most: int) -> list[str]:
        """Return the first values of a column that are not empty."""
        return list(islice((cells[place] for _number, cells in self.rows if cells[place]), most))


def read_file(content: bytes, *, most: int = MAX_ROWS_READ) -> Table:
    """Return the headings and the first rows of a file. Raises UnreadableFile, which says what to do.

    Takes CSV with commas, semicolons, tabs or bars in UTF-8, UTF-16, Windows-1252 or Windows-1256, workbooks, and
    address cards (vCard). Empty rows are left out.
    """
    lines = _lines(content)
    first = next(lines, None)
    if first is None:
        raise UnreadableFile("The file is empty. Put the headings into its first row and one person into each other.")
    headings = _without_empty_end(first[1])
    rows = list(islice(lines, most))
    total = len(rows) + sum(1 for _line in lines)
    # A row may be longer than the heading: those columns have no name.
    width = max([len(headings), *(len(_without_empty_end(cells)) for _number, cells in rows)])
    names = (*headings, *("" for _each in range(width - len(headings))))
    filled = [(number, (*cells[:width], *[""] * (width - len(cells)))) for number, cells in rows]
    return Table(names, filled, total)


def rows_of_file(content: bytes) -> Iterator[Line]:
    """Yield all rows of a file below its headings, one at a time. Raises UnreadableFile, also while rows are read."""
    lines = _lines(content)
    next(lines, None)
    yield from lines


def _lines(content: bytes) -> Iterator[Line]:
    """Yield the cleaned rows of a file that are not empty, the headings first."""
    _require_known(content)
    try:
        number_of_rows = -1
        for number, cells in _raw_lines(content):
            if len(cells) > MAX_COLUMNS:
                raise UnreadableFile(_too_wide())
            written = tuple(_cleaned(cell, number) for cell in cells)
            if not any(written):
                continue
            number_of_rows += 1
            if number_of_rows > MAX_ROWS:
                raise UnreadableFile(
                    f"The file has more than {MAX_ROWS:,} rows. Split it and import one part at a time."
                )
            yield number, written
    except TooManyColumns as error:
        raise UnreadableFile(_too_wide()) from error
    except NotAWorkbook as error:
        raise UnreadableFile(f"The file is no Excel workbook that can be read. {AS_CSV}") from error
    except csv.Error as error:
        if "field larger" in str(error):
            raise UnreadableFile(f"A cell of the file has more than {MAX_CELL:,} characters. {QUOTATION}") from error
        raise UnreadableFile(f"The file is no CSV file that can be read. {AS_CSV}") from error


def _require_known(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        most = MAX_BYTES // 1024 // 1024
        raise UnreadableFile(f"The file is larger than {most} MB. Split it and import one part at a time.")
    if content.startswith(_OLD_EXCEL):
        raise UnreadableFile(f"The file is an old or protected Excel file. {AS_CSV}")
    if content.startswith(_PDF):
        raise UnreadableFile("The file is a PDF document, in which no columns can be read. Export it as CSV instead.")


def _raw_lines(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    if content.startswith(SIGNATURE):
        return rows_of_workbook(content, max_unpacked=MAX_UNPACKED, refuse_wide=True)
    text = _decoded(content)
    return lines_of_cards(text) if is_cards(text) else _csv_lines(text)


def _cleaned(cell: str, number: int) -> str:
    """Return the text of a cell as it can be stored. An apostrophe that keeps a formula from running is removed."""
    if len(cell) > MAX_CELL:
        raise UnreadableFile(
            f"A cell in row {number:,} has {len(cell):,} characters; a cell can have {MAX_CELL:,}. {QUOTATION}"
        )
    return plain_text(cell.replace("\x00", "").strip())


def _without_empty_end(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _too_wide() -> str:
    return f"The file has more than {MAX_COLUMNS} columns. Delete those that you do not need and choose it again."


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    named = _SEPARATOR_LINE.match(text)
    separator = named[1] if named else _separator(text)
    body = text[named.end() :] if named else text
    first = 1 if named else 0
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    before = 0
    for cells in reader:
        # A quoted cell may have several lines: the row is numbered by its first one.
        yield first + before + 1, cells
        before = reader.line_num


def _separator(text: str) -> str:
    """Return the separator that gives the most rows of the same width, and of those the widest."""
    lines = text[:_SAMPLE].splitlines(keepends=True)[:_SAMPLE_LINES]
    best, most = ",", (0, 0)
    for separator in _SEPARATORS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=separator) if any(cells)]
        except csv.Error:
            continue
        width = widths[0] if widths else 1
        found = (sum(each == width for each in widths) if width > 1 else 0, width)
        if found > most:
            best, most = separator, found
    return best


def _decoded(content: bytes) -> str:
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.removeprefix("\ufeff")
    raise UnreadableFile(f"The file is no text: it holds bytes that no table has. {AS_CSV}")


def _encodings(content: bytes) -> Sequence[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    sample = content[:1_000]
    if content.startswith(b"\xef\xbb\xbf"):
        # What follows the mark is UTF-8, or the file is damaged.
        return ("utf-8-sig",)
    if len(sample) > 1 and sample[1::2].count(0) > len(sample) // 4:
        return ("utf-16-le",)
    if len(sample) > 1 and sample[::2].count(0) > len(sample) // 4:
        return ("utf-16-be",)
    runs = [len(run) for run in _HIGH_BYTES.findall(content[:_SAMPLE])]
    arabic = bool(runs) and sum(runs) / len(runs) > _ARABIC_RUN
    return ("utf-8", "cp1256", "cp1252") if arabic else ("utf-8", "cp1252", "latin-1")
