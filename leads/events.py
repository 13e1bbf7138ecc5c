"""What happens in the leads domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.tenancy.context import platform_context
from leads.services import pipeline
from tenants.outbox import Batch, consumes, define

define("leads.lead.stage_changed", "{actor} moved {subject} from {before} to {after}", fields=["before", "after"])
define(
    "leads.lead.status_changed",
    "{actor} changed the status of {subject} from {before} to {after}",
    fields=["before", "after"],
)
define("leads.lead.assigned", "{actor} gave {subject} a new owner", fields=["before", "after"])

define("leads.stage.retired", "{actor} retired a stage", fields=["key", "moved_to", "moved"])
define("leads.stage.reordered", "{actor} put the stages in another order", fields=["keys"])
define("leads.status.retired", "{actor} retired a status", fields=["key", "moved_to", "moved"])

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


@consumes("tenants.tenant.created", name="first-pipeline")
def set_up_pipelines(batch: Batch) -> None:
    """Gives each new tenant its first stages and statuses."""
    for tenant_id in batch.tenant_ids:
        with platform_context(tenant_id=tenant_id):
            pipeline.ensure(tenant_id)
