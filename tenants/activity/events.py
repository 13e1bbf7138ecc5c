"""The consumer that writes the activity feed."""

from lad.outbox.consumers import Batch, consumes
from tenants.activity.services import record


@consumes("*", name="activity-feed", feed_only=True)
def feed(batch: Batch) -> None:
    """Writes a sentence about each event to the tenant's activity feed."""
    record(batch)
