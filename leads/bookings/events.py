"""What happens in the leads domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.outbox.catalogue import define

define("leads.booking.rescheduled", "{actor} moved the booking {subject}", fields=["lead_id", "before", "after"])


define("leads.booking.cancelled", "{actor} cancelled the booking {subject}", fields=["lead_id", "reason"])


define("leads.booking.completed", "{actor} completed the booking {subject}", fields=["lead_id", "call_result"])


define("leads.booking.missed", "The booking {subject} was missed", fields=["lead_id", "call_result"])


define("leads.booking.failed", "The booking {subject} failed", fields=["lead_id", "call_result"])


define(
    "leads.booking.retried",
    "{actor} booked another attempt: {subject}",
    fields=["lead_id", "parent_booking_id", "retry_count"],
)
