"""Domain events in the API."""

from lad.api import router
from lad.outbox.models import DomainEvent

router.register(
    DomainEvent,
    area="events",
    methods=router.READ,
    filters=["event_type", "aggregate_type", "aggregate_id", "processed", "created_at"],
)
