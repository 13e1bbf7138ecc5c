"""Events of call batches. Payloads hold ids and facts, never a recording's URL or a transcript."""

from typing import Final

from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes
from voice.batches.mails.pauses import queue_notices
from voice.batches.mails.reports import queue_reports

_COUNTERS: Final = ("total_calls", "completed_calls", "failed_calls")

define(
    "voice.call_batch.created",
    "{actor} created a batch of {total_calls} calls",
    optional=["agent_id", "total_calls", "refused", "scheduled_at"],
)

define("voice.call_batch.started", "The batch {subject} has started", fields=["total_calls"], in_feed=False)

define("voice.call_batch.completed", "The batch {subject} is complete: {completed_calls} reached", fields=_COUNTERS)

define("voice.call_batch.cancelled", "{actor} cancelled the batch {subject}", fields=[*_COUNTERS, "reason"])

define("voice.call_batch.stopped", "{actor} stopped the batch {subject}", fields=[*_COUNTERS, "reason"])

define(
    "voice.call_batch.filled",
    "{added} people were put into the batch {subject}",
    fields=["added", "left_out"],
    in_feed=False,
)

define("voice.call_batch.scheduled", "{actor} scheduled the batch {subject}", optional=["scheduled_at"], in_feed=False)

define("voice.call_batch.paused", "The batch {subject} was paused: {reason}", fields=["reason"])

define("voice.call_batch.resumed", "The batch {subject} goes on", in_feed=False)


@consumes(
    ("voice.call_batch.completed", "voice.call_batch.cancelled", "voice.call_batch.stopped"),
    name="call-batch-report-mail",
)
def report_batches(batch: Batch) -> None:
    """Queue the report of each batch that is over, once."""
    queue_reports(batch)


@consumes(("voice.call_batch.paused",), name="call-batch-paused-mail")
def mail_paused_batches(batch: Batch) -> None:
    """Queues a mail to the people of each batch that LAD has paused."""
    queue_notices(batch)
