"""The API resources ``tenant-roles`` and ``user-capabilities``."""

from lad.api import router
from tenants.access.models import TenantRole, UserCapability

router.register(TenantRole, area="roles", filters=["key", "created_at"], order=["-created_at", "name"])
router.register(
    UserCapability,
    area="capabilities",
    filters=["user", "capability_key", "enabled", "expires_at", "created_at"],
)
