"""What happens in the voice domain. Payloads hold ids and facts, never a recording's address or what was said."""

from lad.outbox.catalogue import define

define(
    "voice.call_batch.created",
    "{actor} asked for {total_calls} calls",
    optional=["agent_id", "total_calls", "refused", "scheduled_at"],
)


define("voice.call_batch.started", "The batch {subject} has begun", fields=["total_calls"], told=False)


_COUNTS = ("total_calls", "completed_calls", "failed_calls")


define("voice.call_batch.completed", "The batch {subject} is through: {completed_calls} reached", fields=_COUNTS)


define("voice.call_batch.cancelled", "{actor} cancelled the batch {subject}", fields=[*_COUNTS, "reason"])


define("voice.call_batch.stopped", "{actor} stopped the batch {subject}", fields=[*_COUNTS, "reason"])
