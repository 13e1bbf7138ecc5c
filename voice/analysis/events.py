"""Events of call analyses. Payloads hold ids and facts, never a recording's URL or a transcript."""

from lad.outbox.catalogue import define

define(
    "voice.call.analysed",
    "The call {subject} was analysed: {sentiment}",
    fields=["call_log_id", "lead_id", "sentiment", "lead_category", "disposition", "again"],
    in_feed=False,
)
