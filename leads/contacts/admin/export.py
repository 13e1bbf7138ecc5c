"""Export leads as CSV."""

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from leads.contacts.models import Lead

COLUMNS: Final = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "title",
    "company_name",
    "company_domain",
    "location",
    "linkedin_url",
    "stage",
    "status",
    "priority",
    "estimated_value",
    "currency",
    "source",
    "tags",
    "created_at",
    "last_activity_at",
    "next_follow_up_at",
)
# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file for the csv writer that returns each line instead of storing it."""

    def write(self, text: str) -> str:
        return text


def leads_csv(rows: QuerySet[Lead]) -> StreamingHttpResponse:
    """Return the leads as a file, one line each, with the e-mail address of the user each is assigned to."""
    # Read now: the tenant scope ends before the response is streamed.
    lines = list(_lines(rows.prefetch_related("assigned_user")))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="leads.csv"'
    return response


def _lines(rows: Iterable[Lead]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([*COLUMNS, "assigned_to"])
    for row in rows:
        assigned_to = row.assigned_user.email if row.assigned_user else ""
        yield writer.writerow([*(_cell(getattr(row, name)) for name in COLUMNS), _cell(assigned_to)])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
