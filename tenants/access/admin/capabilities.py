"""The admin page of the rights given to or taken from single members."""

from lad.admin.base import TenantModelAdmin, register
from tenants.access.models import UserCapability


@register(UserCapability)
class UserCapabilityAdmin(TenantModelAdmin):
    area = "capabilities"
    section, icon, rank = "People", "verified_user", 40
    list_display = ["capability_key", "user", "enabled", "expires_at", "feature_key", "created_at"]
    list_filter = ["enabled", "expires_at", "created_at"]
    search_fields = ["capability_key__startswith", "user__email"]
