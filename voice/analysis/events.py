"""Events of call analyses. Payloads hold ids and facts, never a recording's URL or a transcript."""

from lad.outbox.catalogue import define

define(
    "voice.call.analysed",
    "The call {subject} was analysed: {sentiment}",
    fields=[
        "call_log_id",
        "lead_id",
        "outcome",
        "answered_by",
        "do_not_call",
        "follow_up_at",
        "sentiment",
        "lead_category",
        "disposition",
        "skipped_reason",
        "version",
        "again",
    ],
    in_feed=False,
)
