"""The tenants domain in the API: the tables as resources, and what is more than a table in the modules beside."""

from lad.api import router
from lad.outbox.models import DomainEvent

router.register(
    DomainEvent,
    area="events",
    methods=router.READ,
    filters=["event_type", "aggregate_type", "aggregate_id", "processed", "created_at"],
)
