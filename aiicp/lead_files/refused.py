"""The rows of a file that became no leads, as a file to correct and to import again."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from aiicp.lead_files.columns import COLUMNS
from aiicp.lead_files.models import LeadFileRow
from lad.errors import NotFound
from lad.jobs.models import Job, JobFailure
from lad.spreadsheets import csv_lines
from lad.tenancy.access import Access
from lad.tenancy.context import tenant_context

PAGE: Final = 2_000
# Not recognised as a column when the file is imported again.
PROBLEM: Final = "What to correct"
ROW: Final = "Row of the file"


def refused_lines(job: Job, *, access: Access) -> Iterator[str]:
    """Return the lines of a CSV file with the rows that an import left out, and why, in the order of the file.

    Only who imported the file gets it, as it is their own. Raises NotFound for others. The lines open scopes of their
    own, a page of rows each, so that they can be read after the request's scope has ended.
    """
    if job.created_by_user_id != getattr(access.user, "pk", None):
        raise NotFound
    return csv_lines(_cells(job.tenant_id, job.pk))


def _cells(tenant_id: UUID, job_id: UUID) -> Iterator[Sequence[object]]:
    custom = _custom_headings(tenant_id, job_id)
    yield [ROW, *(column.label for column in COLUMNS), *custom, PROBLEM]
    last = -1
    while page := _page(tenant_id, job_id, last):
        for row, reason in page:
            texts = [row.texts.get(column.key, "") for column in COLUMNS]
            yield [row.number, *texts, *(row.custom.get(name, "") for name in custom), reason]
        last = page[-1][0].number


def _custom_headings(tenant_id: UUID, job_id: UUID) -> list[str]:
    """Return the headings under which further columns were kept, as they stand in any of the rows."""
    with tenant_context(tenant_id):
        rows = LeadFileRow.objects.filter(job=job_id).order_by("number")
        return list(
            dict.fromkeys(name for custom in rows.values_list("custom", flat=True).iterator() for name in custom)
        )


def _page(tenant_id: UUID, job_id: UUID, after: int) -> list[tuple[LeadFileRow, str]]:
    with tenant_context(tenant_id):
        rows = list(LeadFileRow.objects.filter(job=job_id, number__gt=after).order_by("number")[:PAGE])
        keys = [str(row.pk) for row in rows]
        reasons = dict(JobFailure.objects.filter(job=job_id, row_id__in=keys).values_list("row_id", "reason"))
    return [(row, reasons.get(str(row.pk), "It was not read yet.")) for row in rows]
