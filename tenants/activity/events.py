"""The consumer that writes the activity feed."""

from lad.outbox.consumers import Batch, consumes
from tenants.activity.services import record


# Set-based work is cheaper in larger batches. After a crash 500 deliveries shrink to one in three steps.
@consumes("*", name="activity-feed", feed_only=True, batch_size=500)
def feed(batch: Batch) -> None:
    """Writes a sentence about each event to the tenant's activity feed."""
    record(batch)
