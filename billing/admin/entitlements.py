"""How much of each feature a tenant may use."""

from typing import Any

from unfold.decorators import display

from billing.admin.tables import amount
from billing.admin.usage import FeatureFilter
from billing.models import FeatureEntitlement
from lad.adminsite.base import TenantModelAdmin, register


@register(FeatureEntitlement)
class FeatureEntitlementAdmin(TenantModelAdmin):
    area = "usage"
    section, icon, rank = "Billing", "tune", 70
    list_display = ["feature_key", "enabled", "monthly", "daily", "overage", "created_at"]
    list_filter = [FeatureFilter, "enabled", "allow_overages", "created_at"]
    fieldsets = [
        (None, {"fields": ["feature_key", "enabled"]}),
        ("Quota", {"fields": ["monthly_quota", "daily_quota"]}),
        ("Beyond the quota", {"fields": ["allow_overages", "overage_rate"]}),
        ("Data", {"fields": ["metadata"]}),
    ]

    @display(description="Per month")
    def monthly(self, obj: Any) -> str:
        return _quota(obj.monthly_quota)

    @display(description="Per day")
    def daily(self, obj: Any) -> str:
        return _quota(obj.daily_quota)

    @display(description="Beyond the quota")
    def overage(self, obj: Any) -> str:
        return f"{amount(obj.overage_rate)} each" if obj.allow_overages else "refused"


def _quota(value: Any) -> str:
    return "no limit" if value is None else f"{value.normalize():,f}"
