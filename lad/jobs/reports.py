"""The report of a job: the rows it could not change or left alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from django.http import StreamingHttpResponse

from lad.jobs.models import Job, JobFailure
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.access import Access
from lad.tenancy.context import tenant_context

COLUMNS: Final = {"row_id": "id", "label": "name", "verdict": "outcome", "field": "field", "reason": "reason"}
# The names of rows are often those of people.
PERSONAL: Final = frozenset({"label"})
PAGE: Final = 2_000
# The right to take many rows out of LAD.
EXPORT: Final = "exports.create"

ExportRecord = Callable[[Access, str, int], object]

_records: list[ExportRecord] = []


def on_export(record: ExportRecord) -> None:
    """Call ``record(access, kind, row_count)`` when somebody downloads a report with names."""
    if record not in _records:
        _records.append(record)


def may_have_names(access: Access) -> bool:
    """Return whether the caller's reports name the rows. That is an export: ask for their password first."""
    return access.allows(EXPORT)


def report(job: Job, *, access: Access) -> StreamingHttpResponse:
    """Return the rows that failed or were skipped as a CSV file, in the order of their ids.

    Callers without the right to export get no names.
    """
    names = may_have_names(access)
    columns = [each for each in COLUMNS if names or each not in PERSONAL]
    for record in _records if names else ():
        record(access, "job report", job.failed + job.skipped)
    return csv_download(csv_lines(_cells(job, columns)), name=f"job-{job.pk}.csv")


def _cells(job: Job, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """Yield the header and the rows. The request's scope has ended, so each page of rows opens its own."""
    yield tuple(COLUMNS[each] for each in columns)
    last = ""
    while page := _page(job.tenant_id, job.pk, last, columns):
        yield from page
        last = str(page[-1][0])


def _page(tenant_id: UUID, job_id: UUID, after: str, columns: Sequence[str]) -> list[tuple[object, ...]]:
    with tenant_context(tenant_id):
        rows = JobFailure.objects.filter(job=job_id, row_id__gt=after).order_by("row_id")
        return list(rows.values_list(*columns)[:PAGE])
