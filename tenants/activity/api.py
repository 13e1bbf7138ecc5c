"""The tenants domain in the API: the tables as resources, and what is more than a table in the modules beside."""

from lad.api import router
from tenants.activity.models import ActivityEntry

router.register(
    ActivityEntry,
    path="activity",
    area="activity",
    methods=router.READ,
    filters=["actor", "event_type", "verb", "subject_type", "subject_id", "occurred_at"],
    order=["-occurred_at"],
)
