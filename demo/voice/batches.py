"""Batches in every status, with entries in every status and the calls they led to."""

from datetime import timedelta
from typing import Any, Final

from demo.company import DemoCompany
from demo.voice.calls import Calls, PhoneBook
from demo.voice.cast import Cast
from demo.voice.team import Crew
from lad.phones import parse
from voice.batches.models import CallBatch, CallBatchEntry
from voice.statuses import BATCH_OVER, ENTRY_MISSED, BatchStatus, CallStatus, EntryStatus

DONE: Final[dict[EntryStatus, float]] = {
    EntryStatus.COMPLETED: 8,
    EntryStatus.DECLINED: 3,
    EntryStatus.FAILED: 2,
    EntryStatus.CANCELLED: 1,
}
# What the entries of a batch in the status are.
ENTRIES: Final[dict[str, dict[EntryStatus, float]]] = {
    BatchStatus.QUEUED: {EntryStatus.QUEUED: 1},
    BatchStatus.RUNNING: {
        EntryStatus.DISPATCHED: 2,
        EntryStatus.RUNNING: 1,
        EntryStatus.COMPLETED: 4,
        EntryStatus.DECLINED: 1,
        EntryStatus.FAILED: 1,
        EntryStatus.QUEUED: 5,
    },
    BatchStatus.COMPLETED: DONE,
    BatchStatus.FAILED: {EntryStatus.FAILED: 1},
    BatchStatus.CANCELLED: {EntryStatus.CANCELLED: 4, EntryStatus.COMPLETED: 1},
    BatchStatus.STOPPED: {EntryStatus.CANCELLED: 2, EntryStatus.COMPLETED: 3, EntryStatus.DECLINED: 1},
}
CALL_OF: Final = {
    EntryStatus.COMPLETED: CallStatus.ENDED,
    EntryStatus.DECLINED: CallStatus.DECLINED,
    EntryStatus.FAILED: CallStatus.FAILED,
    EntryStatus.DISPATCHED: CallStatus.ONGOING,
}
GIVEN_UP: Final = "max_retries_exceeded"
MORE_COMPLETED: Final = 4
CONTEXTS: Final = (
    "They asked for a call on the website.",
    "They were at our stand in spring.",
    "They opened the last two mails and did not answer.",
)


def load(company: DemoCompany, cast: Cast, crew: Crew, book: PhoneBook) -> None:
    calls = Calls(company, cast, crew)
    entries: list[CallBatchEntry] = []
    statuses = [*BatchStatus, *([BatchStatus.COMPLETED] * MORE_COMPLETED)]
    batches = [_batch(company, cast, crew, book, status, calls, entries) for status in statuses]
    CallBatch.objects.bulk_create(batches)
    calls.save()
    CallBatchEntry.objects.bulk_create(entries, batch_size=200)


def _batch(
    company: DemoCompany,
    cast: Cast,
    crew: Crew,
    book: PhoneBook,
    status: BatchStatus,
    calls: Calls,
    entries: list[CallBatchEntry],
) -> CallBatch:
    fresh = status in (BatchStatus.QUEUED, BatchStatus.RUNNING)
    made = company.ago(minutes=25) if fresh else company.moment(days_back=90, days_ahead=-1)
    batch = CallBatch(
        **company.born(made),
        tenant=company.tenant,
        initiated_by_user=company.random.choice(company.team),
        agent=crew.agents[0],
        from_number=crew.numbers[0],
        status=status,
        scheduled_at=company.ago(days=-1) if status == BatchStatus.QUEUED else None,
        started_at=None if status == BatchStatus.QUEUED else made + timedelta(minutes=1),
        finished_at=made + timedelta(minutes=50) if status in BATCH_OVER else None,
        metadata={"base_context": company.random.choice(CONTEXTS), "llm_provider": "groq"},
    )
    statuses = company.spread(ENTRIES[status], cast.batch_size)
    mine = [_entry(company, batch, book, each, place, calls) for place, each in enumerate(statuses)]
    mine = list({entry.to_phone: entry for entry in mine}.values())
    batch.total_calls = len(mine)
    batch.completed_calls = sum(entry.status == EntryStatus.COMPLETED for entry in mine)
    batch.failed_calls = sum(entry.status in ENTRY_MISSED for entry in mine)
    entries += mine
    return batch


def _entry(
    company: DemoCompany, batch: CallBatch, book: PhoneBook, status: EntryStatus, place: int, calls: Calls
) -> CallBatchEntry:
    lead = book.next()
    made = batch.created_at + timedelta(minutes=2, seconds=70 * place)
    call = None
    given_up = status == EntryStatus.FAILED and batch.status == BatchStatus.FAILED
    if status in CALL_OF and not given_up:
        call = calls.add(lead, CALL_OF[status], min(made, company.now), initiated_by_user=batch.initiated_by_user)
    more: dict[str, Any] = {}
    if status == EntryStatus.FAILED:
        more = {"error_message": GIVEN_UP if given_up else "The carrier did not take the call.", "retry_count": 2}
    return CallBatchEntry(
        **company.born(batch.created_at),
        tenant=company.tenant,
        batch=batch,
        lead=lead,
        to_phone=parse(lead.phone).e164,
        status=status,
        call_log=call,
        metadata={"lead_name": lead.full_name, "entry_index": place},
        **more,
    )
