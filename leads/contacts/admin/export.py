"""Selected leads as a file that spreadsheets open."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

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
# A cell that begins so would be run as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """Hands back what the csv writer writes."""

    def write(self, text: str) -> str:
        return text


def leads_csv(rows: QuerySet) -> StreamingHttpResponse:
    """The leads, one line each, with their owner's address."""
    # Read now: the scope they may be read in ends before the answer is sent.
    lines = list(_lines(rows.prefetch_related("assigned_user")))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="leads.csv"'
    return response


def _lines(rows: Iterable[Any]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow([*COLUMNS, "owner"])
    for row in rows:
        owner = row.assigned_user.email if row.assigned_user else ""
        yield writer.writerow([*(_cell(getattr(row, name)) for name in COLUMNS), _cell(owner)])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
