"""The report of a batch as CSV: everybody in it, what came of the call, and why somebody was not called."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from django.http import StreamingHttpResponse

from lad.admin.exports import each_page
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.access import Access
from voice.analysis.models import CallAnalysis
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.statuses import EntryStatus

KIND: Final = "call batch"
COLUMNS: Final = (
    "number",
    "name",
    "company",
    "email",
    "status",
    "outcome",
    "answered_by",
    "attempts",
    "next_attempt_at",
    "why_not_called",
    "called_at",
    "seconds",
    "cost",
    "currency",
    "result",
    "summary",
    "lead_category",
    "disposition",
    "follow_up_at",
    "do_not_call",
    "lead_id",
    "call_id",
)


def batch_csv(batch: CallBatch, access: Access) -> StreamingHttpResponse:
    """Return the entries of a batch as a file, one line each, with the last call of each."""
    rows = CallBatchEntry.objects.filter(batch=batch).select_related("lead", "call_log")
    lines = each_page(rows, access, _lines)
    return csv_download(csv_lines(chain([COLUMNS], lines)), name=f"batch-{batch.created_at:%Y-%m-%d}-{batch.pk}.csv")


def _lines(entries: Sequence[CallBatchEntry]) -> Iterator[Iterable[object]]:
    calls = [entry.call_log_id for entry in entries if entry.call_log_id]
    analyses = {row.call_log_id: row for row in CallAnalysis.objects.filter(call_log__in=calls)}
    for entry in entries:
        values = {**_person(entry), **_call(entry.call_log), **_analysis(analyses.get(entry.call_log_id))}
        yield [values.get(column) for column in COLUMNS]


def _person(entry: CallBatchEntry) -> dict[str, object]:
    lead = entry.lead
    # One that waits for another attempt has counted that already.
    counts_last = entry.call_log_id is not None and entry.status != EntryStatus.QUEUED
    return {
        "number": entry.to_phone,
        "name": entry.metadata.get("lead_name") or (lead.full_name if lead else ""),
        "company": lead.company_name if lead else "",
        "email": lead.email if lead else "",
        "status": entry.get_status_display(),
        "outcome": entry.get_outcome_display() if entry.outcome else "",
        "attempts": entry.retry_count + counts_last,
        "next_attempt_at": entry.next_attempt_at,
        "why_not_called": entry.error_message,
        "lead_id": entry.lead_id,
    }


def _call(call: CallLog | None) -> dict[str, object]:
    if call is None:
        return {}
    return {
        "answered_by": call.get_answered_by_display() if call.answered_by else "",
        "called_at": call.started_at or call.created_at,
        "seconds": call.duration_seconds,
        "cost": call.cost,
        "currency": call.currency,
        "call_id": call.pk,
    }


def _analysis(analysis: CallAnalysis | None) -> dict[str, object]:
    if analysis is None:
        return {}
    return {
        "result": analysis.get_outcome_display() if analysis.outcome else "",
        "summary": analysis.summary,
        "lead_category": analysis.get_lead_category_display() if analysis.lead_category else "",
        "disposition": analysis.get_disposition_display() if analysis.disposition else "",
        "follow_up_at": analysis.follow_up_at,
        "do_not_call": analysis.do_not_call,
    }
