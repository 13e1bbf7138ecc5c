"""What happens in the voice domain. Payloads hold ids and facts, never a recording's address or what was said."""

from lad.outbox.catalogue import define

_CALL = ("direction", "agent_id", "lead_id", "campaign_id", "campaign_lead_id", "campaign_step_id")


_OVER = ("status", "duration_seconds", *_CALL)


# Machines report calls by the thousand: the feed would hold nothing else.
define("voice.call.started", "The call {subject} was answered", fields=_CALL, told=False)


define("voice.call.ended", "The call {subject} is over: {status}", fields=_OVER, told=False)


define("voice.call.failed", "The call {subject} failed: {reason}", fields=[*_OVER, "reason"], told=False)
