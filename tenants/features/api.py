"""The tenants domain in the API: the tables as resources, and what is more than a table in the modules beside."""

from lad.api import router
from tenants.features.models import FeatureFlag, TenantFeature

router.register(TenantFeature, area="features", filters=["feature_key", "enabled", "created_at"])


router.register(FeatureFlag, area="features", filters=["user", "feature_key", "is_enabled", "expires_at", "created_at"])
