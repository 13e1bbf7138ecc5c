"""The report of a job: the rows it could not change or left alone."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.http import StreamingHttpResponse

from lad.jobs.models import Job, JobFailure
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.context import tenant_context

COLUMNS: Final = ("id", "name", "outcome", "field", "reason")
PAGE: Final = 2_000


def report(job: Job) -> StreamingHttpResponse:
    """Return the rows that failed or were skipped as a CSV file, in the order of their ids."""
    return csv_download(csv_lines(_cells(job)), name=f"job-{job.pk}.csv")


def _cells(job: Job) -> Iterator[tuple[object, ...]]:
    """Yield the header and the rows. The request's scope has ended, so each page of rows opens its own."""
    yield COLUMNS
    last = ""
    while page := _page(job.tenant_id, job.pk, last):
        yield from page
        last = str(page[-1][0])


def _page(tenant_id: UUID, job_id: UUID, after: str) -> list[tuple[object, ...]]:
    with tenant_context(tenant_id):
        rows = JobFailure.objects.filter(job=job_id, row_id__gt=after).order_by("row_id")
        return list(rows.values_list("row_id", "label", "verdict", "field", "reason")[:PAGE])
