"""The template of lead files: fourteen columns, each described, with one row as an example."""

from collections.abc import Sequence

from aiicp.lead_files.columns import TEMPLATE
from lad.spreadsheets import csv_lines
from lad.xlsx import workbook_of

NAME = "lead-template"


def template_rows() -> list[Sequence[str]]:
    """Return the headings and the example."""
    return [[column.label for column in TEMPLATE], [column.example for column in TEMPLATE]]


def csv_template() -> bytes:
    """Return the template as a CSV file."""
    return "".join(csv_lines(template_rows())).encode()


def xlsx_template() -> bytes:
    """Return the template as an Excel workbook."""
    return workbook_of(template_rows())
