"""The consumer that writes the activity feed, and the channel that tells when to read it again."""

from typing import Final

from lad.outbox.consumers import Batch, consumes
from lad.streams.channels import Channel, channels
from lad.streams.publishing import publish
from tenants.activity.services import record

CHANNEL: Final = channels.register(
    Channel("activity", "Something happened in the tenant: read /activity/ again", right="activity.view")
)


# Set-based work is cheaper in larger batches. After a crash 1,000 deliveries shrink to one in three steps.
@consumes("*", name="activity-feed", feed_only=True, batch_size=1_000)
def feed(batch: Batch) -> None:
    """Writes a sentence about each event to the tenant's activity feed."""
    record(batch)
    for tenant_id in {event.tenant_id for event in batch} - {None}:
        publish(tenant_id, CHANNEL.key, {"changed": "activity"})
