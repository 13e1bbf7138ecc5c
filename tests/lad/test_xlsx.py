"""Workbooks: what is written is read again, and hostile ones end in one clear error."""

import io
import time
import zipfile
from typing import Any

import pytest

from lad.xlsx import MAX_COLUMNS, NotAWorkbook, TooManyColumns, rows_of_workbook, workbook_of
from tests.leads.contactability.workbooks import workbook

HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def sheet(xml: str, **options: Any) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", xml, **options)
    return content.getvalue()


def cell(value: str, kind: str = "n", place: str = "A1") -> bytes:
    return sheet(f'{HEAD}<row r="1"><c r="{place}" t="{kind}"><v>{value}</v></c></row></sheetData></worksheet>')


def encrypted() -> bytes:
    """Return a workbook whose only sheet is marked as encrypted."""
    content = bytearray(cell("1"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    return bytes(content)


def damaged() -> bytes:
    """Return a workbook whose compressed sheet is not compressed data."""
    content = bytearray(workbook([["email"], ["maya@acme.example"]], shared=False))
    start = content.index(b"sheet1.xml") + len(b"sheet1.xml")
    content[start : start + 8] = b"\xff" * 8
    return bytes(content)


@pytest.mark.parametrize("rows", [[["a", "", "c"], ["=1+1", "<b> & “q”", "line\nbreak"], []]])
def test_a_written_workbook_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    read = [cells for _number, cells in rows_of_workbook(workbook_of(rows))]
    assert read == [["a", "", "c"], ["=1+1", "<b> & “q”", "line\nbreak"], []]


@pytest.mark.parametrize(
    "content",
    [
        encrypted(),
        damaged(),
        cell("99", "s"),
        cell("x", "s"),
        sheet('<?xml version="1.0" encoding="no-such"?><worksheet/>'),
        sheet("<worksheet"),
        sheet('<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><worksheet>&undefined;</worksheet>'),
    ],
    ids=["encrypted", "damaged", "no such text", "no number", "encoding", "cut off", "entity"],
)
def test_what_is_no_workbook_is_one_error(content: bytes) -> None:
    with pytest.raises(NotAWorkbook):
        list(rows_of_workbook(content))


@pytest.mark.parametrize("value", ["1E+999999", "1E+999999999", "-1E-999999999", "9" * 400])
def test_a_number_of_absurd_size_stays_as_it_was_written(value: str) -> None:
    started = time.process_time()
    [(_number, cells)] = rows_of_workbook(cell(value))
    assert cells == [value]
    assert time.process_time() - started < 1


@pytest.mark.parametrize("place", ["XFD1", "ZZZZZZ1", "A" * 1_000 + "1"])
def test_far_columns_are_left_out_or_refused(place: str) -> None:
    assert [cells for _number, cells in rows_of_workbook(cell("1", place=place))] == [[]]
    with pytest.raises(TooManyColumns):
        list(rows_of_workbook(cell("1", place=place), refuse_wide=True))
    assert MAX_COLUMNS < 1_000
