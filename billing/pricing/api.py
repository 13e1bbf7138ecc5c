"""The billing domain in the API: read here, moved by services."""

from billing.pricing.models import Price
from lad.api import router

router.register(
    Price,
    area="usage",
    methods=router.READ,
    filters=["category", "provider", "model", "unit", "is_active", "effective_from", "created_at"],
)
