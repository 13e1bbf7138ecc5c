"""Build demo batches in every status, with entries in every status and their calls."""

from datetime import timedelta
from typing import Any, Final

from django.conf import settings

from demo.demo_tenant import DemoTenant
from demo.voice.agents import AgentsAndNumbers
from demo.voice.calls import CallBuilder, PhoneBook
from demo.voice.setups import VoiceSetup
from lad.phones import parse
from voice.batches.models import CallBatch, CallBatchEntry
from voice.statuses import BATCH_FINISHED, ENTRY_NOT_REACHED, BatchStatus, CallStatus, EntryStatus

FINISHED_MIX: Final[dict[EntryStatus, float]] = {
    EntryStatus.COMPLETED: 8,
    EntryStatus.DECLINED: 3,
    EntryStatus.FAILED: 2,
    EntryStatus.CANCELLED: 1,
}
# The mix of entries in a batch of each status.
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
    BatchStatus.COMPLETED: FINISHED_MIX,
    BatchStatus.FAILED: {EntryStatus.FAILED: 1},
    BatchStatus.CANCELLED: {EntryStatus.CANCELLED: 4, EntryStatus.COMPLETED: 1},
    BatchStatus.STOPPED: {EntryStatus.CANCELLED: 2, EntryStatus.COMPLETED: 3, EntryStatus.DECLINED: 1},
}
CALL_STATUS_OF_ENTRY: Final = {
    EntryStatus.COMPLETED: CallStatus.ENDED,
    EntryStatus.DECLINED: CallStatus.DECLINED,
    EntryStatus.FAILED: CallStatus.FAILED,
    EntryStatus.DISPATCHED: CallStatus.ONGOING,
}
UNDER_WAY: Final = (EntryStatus.DISPATCHED, EntryStatus.RUNNING)
NAMES: Final = ("Autumn call-backs", "Stand visitors", "Trial users", "Renewals", "Old quotes", "Webinar guests")
MAX_RETRIES_EXCEEDED: Final = "max_retries_exceeded"
EXTRA_COMPLETED_BATCHES: Final = 4
CONTEXTS: Final = (
    "They asked for a call on the website.",
    "They were at our stand in spring.",
    "They opened the last two mails and did not answer.",
)


def load(demo: DemoTenant, setup: VoiceSetup, resources: AgentsAndNumbers, book: PhoneBook) -> None:
    calls = CallBuilder(demo, setup, resources)
    entries: list[CallBatchEntry] = []
    statuses = [*BatchStatus, *([BatchStatus.COMPLETED] * EXTRA_COMPLETED_BATCHES)]
    batches = [_batch(demo, setup, resources, book, status, calls, entries) for status in statuses]
    CallBatch.objects.bulk_create(batches)
    calls.save()
    CallBatchEntry.objects.bulk_create(entries, batch_size=200)


def _batch(
    demo: DemoTenant,
    setup: VoiceSetup,
    resources: AgentsAndNumbers,
    book: PhoneBook,
    status: BatchStatus,
    calls: CallBuilder,
    entries: list[CallBatchEntry],
) -> CallBatch:
    fresh = status in (BatchStatus.QUEUED, BatchStatus.RUNNING)
    made = demo.ago(minutes=25) if fresh else demo.moment(days_back=90, days_ahead=-1)
    batch = CallBatch(
        **demo.created(made),
        tenant=demo.tenant,
        name=f"{demo.random.choice(NAMES)}, {made:%B}",
        initiated_by_user=demo.random.choice(demo.team),
        agent=resources.agents[0],
        from_number=resources.numbers[0],
        status=status,
        scheduled_at=demo.ago(days=-1) if status == BatchStatus.QUEUED else None,
        started_at=None if status == BatchStatus.QUEUED else made + timedelta(minutes=1),
        finished_at=made + timedelta(minutes=50) if status in BATCH_FINISHED else None,
        metadata={"base_context": demo.random.choice(CONTEXTS), "llm_provider": "groq"},
    )
    # Calls that are under way are the dialer's where there is a sandbox.
    mix = {each: share for each, share in ENTRIES[status].items() if not (settings.SANDBOX_URL and each in UNDER_WAY)}
    statuses = demo.spread(mix, setup.batch_size)
    batch_entries = [_entry(demo, batch, book, each, position, calls) for position, each in enumerate(statuses)]
    batch_entries = list({entry.to_phone: entry for entry in batch_entries}.values())
    batch.total_calls = len(batch_entries)
    batch.completed_calls = sum(entry.status == EntryStatus.COMPLETED for entry in batch_entries)
    batch.failed_calls = sum(entry.status in ENTRY_NOT_REACHED for entry in batch_entries)
    entries += batch_entries
    return batch


def _entry(
    demo: DemoTenant, batch: CallBatch, book: PhoneBook, status: EntryStatus, position: int, calls: CallBuilder
) -> CallBatchEntry:
    lead = book.next()
    made = batch.created_at + timedelta(minutes=2, seconds=70 * position)
    call = None
    given_up = status == EntryStatus.FAILED and batch.status == BatchStatus.FAILED
    if status in CALL_STATUS_OF_ENTRY and not given_up:
        call = calls.add(
            lead, CALL_STATUS_OF_ENTRY[status], min(made, demo.now), initiated_by_user=batch.initiated_by_user
        )
    more: dict[str, Any] = {}
    if status == EntryStatus.FAILED:
        more = {
            "error_message": MAX_RETRIES_EXCEEDED if given_up else "The carrier did not take the call.",
            "retry_count": 2,
        }
    return CallBatchEntry(
        **demo.created(batch.created_at),
        tenant=demo.tenant,
        batch=batch,
        lead=lead,
        to_phone=parse(lead.phone).e164,
        status=status,
        call_log=call,
        outcome=call.outcome if call is not None else "",
        metadata={"lead_name": lead.full_name, "entry_index": position},
        **more,
    )
