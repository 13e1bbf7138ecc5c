"""The API resource ``user-capabilities``."""

from lad.api import router
from tenants.access.models import UserCapability

router.register(UserCapability, area="capabilities", filters=["user", "capability_key", "enabled", "created_at"])
