"""The tenants domain in the API: the tables as resources, and what is more than a table in the modules beside."""

from lad.api import router
from tenants.access.models import UserCapability

router.register(UserCapability, area="capabilities", filters=["user", "capability_key", "enabled", "created_at"])
