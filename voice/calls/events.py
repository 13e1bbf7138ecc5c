"""Events of calls. Payloads hold ids and facts, never a recording's URL or a transcript."""

from typing import Final

from lad.outbox.catalogue import define

_CALL: Final = ("direction", "agent_id", "lead_id", "campaign_id", "campaign_lead_id", "campaign_step_id")
_FINISHED_CALL: Final = ("status", "duration_seconds", *_CALL)

# Calls come by the thousand and would crowd everything else out of the activity feed.
define("voice.call.started", "The call {subject} was answered", fields=_CALL, in_feed=False)

define("voice.call.ended", "The call {subject} ended: {status}", fields=_FINISHED_CALL, in_feed=False)

define("voice.call.failed", "The call {subject} failed: {reason}", fields=[*_FINISHED_CALL, "reason"], in_feed=False)
