"""The billing domain in the API: read here, moved by services."""

from billing.usage.api.usage import UsageEventSerializer, UsageEventViewSet
from billing.usage.models import UsageEvent
from lad.api import router

router.register(
    UsageEvent,
    area="usage",
    methods=router.READ,
    viewset=UsageEventViewSet,
    serializer=UsageEventSerializer,
    filters=["feature_key", "status", "user", "external_reference_id", "occurred_at", "created_at"],
)
