"""Export leads as CSV."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from lad.admin.exports import each_page
from lad.spreadsheets import csv_lines
from lad.tenancy.access import Access
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
HEADER: Final = (*COLUMNS, "assigned_to")


def leads_csv(rows: QuerySet[Lead], access: Access) -> StreamingHttpResponse:
    """Return the leads as a file, one line each, with the e-mail address of the user each is assigned to."""
    found = each_page(rows.prefetch_related("assigned_user"), access, _cells)
    lines = csv_lines(chain([HEADER], found))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="leads.csv"'
    return response


def _cells(rows: Iterable[Lead]) -> Iterator[Iterable[object]]:
    for row in rows:
        assigned_to = row.assigned_user.email if row.assigned_user else ""
        yield [*(getattr(row, name) for name in COLUMNS), assigned_to]
