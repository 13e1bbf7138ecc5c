"""Export leads as CSV."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from lad.admin.exports import each_page
from lad.labels import in_words
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.access import Access
from leads.contacts.models import Lead
from leads.pipeline.selectors import stage_choices, status_choices

COLUMNS: Final = (
    "id",
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
    "assigned_to",
)


def leads_csv(rows: QuerySet[Lead], access: Access) -> StreamingHttpResponse:
    """Return the leads as a file, one line each, with the labels people know instead of keys and numbers.

    ``assigned_to`` is the e-mail address of the user whom the lead is assigned to.
    """
    found = each_page(rows.prefetch_related("assigned_user"), access, _cells)
    return csv_download(csv_lines(chain([COLUMNS], found)), name="leads.csv")


def _cells(rows: Iterable[Lead]) -> Iterator[Iterable[object]]:
    # Platform staff export leads of several tenants, each with its own pipeline.
    stages, statuses = cache(_labels_of_stages), cache(_labels_of_statuses)
    for row in rows:
        labels = {
            "stage": stages(row.tenant_id).get(row.stage, row.stage),
            "status": statuses(row.tenant_id).get(row.status, row.status),
            "priority": row.get_priority_display() if row.priority else "",
            "source": in_words(row.source),
            "assigned_to": row.assigned_user.email if row.assigned_user else "",
        }
        yield [labels[name] if name in labels else getattr(row, name) for name in COLUMNS]


def _labels_of_stages(tenant_id: UUID) -> dict[str, str]:
    return dict(stage_choices(tenant_id))


def _labels_of_statuses(tenant_id: UUID) -> dict[str, str]:
    return dict(status_choices(tenant_id))
