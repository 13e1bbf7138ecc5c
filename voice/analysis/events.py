"""What happens in the voice domain. Payloads hold ids and facts, never a recording's address or what was said."""

from lad.outbox.catalogue import define

define(
    "voice.call.analysed",
    "The call {subject} was analysed: {sentiment}",
    fields=["call_log_id", "lead_id", "sentiment", "lead_category", "disposition", "again"],
    told=False,
)
