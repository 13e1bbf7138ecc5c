"""What happens in the tenants domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.outbox.consumers import Batch, consumes
from tenants.activity.services import record


@consumes("*", name="activity-feed", told_only=True)
def feed(batch: Batch) -> None:
    """Tells each event in a sentence in the tenant's activity feed."""
    record(batch)
