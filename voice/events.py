"""What happens in the voice domain. Payloads hold ids and facts, never a recording's address or what was said."""

from tenants.outbox import define

_CALL = ("direction", "agent_id", "lead_id", "campaign_id", "campaign_lead_id", "campaign_step_id")
_OVER = ("status", "duration_seconds", *_CALL)

# Machines report calls by the thousand: the feed would hold nothing else.
define("voice.call.started", "The call {subject} was answered", fields=_CALL, told=False)
define("voice.call.ended", "The call {subject} is over: {status}", fields=_OVER, told=False)
define("voice.call.failed", "The call {subject} failed: {reason}", fields=[*_OVER, "reason"], told=False)
define(
    "voice.call.analysed",
    "The call {subject} was analysed: {sentiment}",
    fields=["call_log_id", "lead_id", "sentiment", "lead_category", "disposition", "again"],
    told=False,
)

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
