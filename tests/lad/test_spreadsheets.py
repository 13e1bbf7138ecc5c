"""CSV files open in a spreadsheet as they are meant, run nothing, and are all written by one writer."""

import codecs
import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from lad.spreadsheets import cell_text, csv_lines, plain_text

ROOT = Path(__file__).parents[2]

CELLS = [
    ("Müller", "Müller"),
    (None, ""),
    (["a", "b"], "a, b"),
    (0, "0"),
    (-12, "-12"),
    (Decimal("-0.000001"), "-0.000001"),
    (Decimal("1E+3"), "1000"),
    (date(2026, 11, 28), "2026-11-28"),
    (datetime(2026, 11, 28, 9, tzinfo=UTC), "2026-11-28T09:00:00+00:00"),
    # One number with a sign is no formula.
    ("+493012345678", "+493012345678"),
    ("+49 30 1234 5678", "+49 30 1234 5678"),
    ("-12.50", "-12.50"),
    ("+1.234,50", "+1.234,50"),
    # Arithmetic, names and commands are.
    ("=1+1", "'=1+1"),
    ("+1-555-0100", "'+1-555-0100"),
    ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
    ("+A1", "'+A1"),
    ("-2*3", "'-2*3"),
    ("-1E9", "'-1E9"),
    ("+49\n=1", "'+49\n=1"),
    ("+٤٩", "'+٤٩"),
    ("+", "'+"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\n=1", "'\n=1"),
    ("＝1+1", "'＝1+1"),
    # An apostrophe that was there stays distinguishable from one that was added.
    ("'=1", "''=1"),
    ("'tis", "'tis"),
    ("O'Brien", "O'Brien"),
]


def test_cells_are_readable_run_nothing_and_are_read_back() -> None:
    written = [(value, cell_text(value)) for value, _shown in CELLS]
    assert written == CELLS
    texts = [value for value, _shown in CELLS if isinstance(value, str)]
    assert len(texts) > 15
    assert [plain_text(cell_text(text)) for text in texts] == texts


def test_a_file_begins_with_a_byte_order_mark_and_is_read_back() -> None:
    content = "".join(csv_lines([["name", "phone"], ['Zoë "Z"\nLtd, Köln', "+4930123"]])).encode()
    assert content.startswith(codecs.BOM_UTF8)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [["name", "phone"], ['Zoë "Z"\nLtd, Köln', "+4930123"]]


def test_nothing_else_writes_csv() -> None:
    apps = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")
    sources = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    assert len(sources) > 300
    writers = [path for path in sources if re.search(r"csv\.(Dict)?[wW]riter\(", path.read_text())]
    assert writers == [ROOT / "lad/spreadsheets.py"]
