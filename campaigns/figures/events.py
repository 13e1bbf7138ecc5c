"""Consumers of events that change what figures mean."""

from campaigns.figures.recounting import request_recounts
from lad.outbox.consumers import Batch, consumes
from lad.tenancy.context import current_tenant_id


@consumes("tenants.tenant.updated", name="campaign-figures-follow-the-zone", scope="tenant")
def recount_days(batch: Batch) -> None:
    """Count the campaigns anew of a tenant whose time zone changed: its days begin at other times."""
    if any("timezone" in event.payload.get("changed", ()) for event in batch):
        request_recounts(current_tenant_id(), reason="The time zone was changed.")
