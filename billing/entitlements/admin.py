"""Admin pages of entitlements and their use."""

from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from billing.entitlements.models import EntitlementUse, FeatureEntitlement, QuotaWindow
from billing.entitlements.selectors import with_use
from billing.entitlements.services.quotas import NEARLY_USED_SHARE
from billing.filters import FeatureFilter
from billing.formatting import DASH, Column, amount, quantity, table
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.lists import computed_once

MAX_WINDOWS_SHOWN: Final = 45
HISTORY: Final = (
    Column("Window", "window"),
    Column("Begins", "window_start"),
    Column("Unit", "unit"),
    Column("Used", "used", quantity),
    Column("Quota then", "quota", lambda value: DASH if value is None else quantity(value)),
)


@register(FeatureEntitlement)
class FeatureEntitlementAdmin(TenantModelAdmin):
    area = "usage"
    section, icon, rank = "Billing", "tune", 70
    list_display = ["feature_key", "enabled", "today", "this_month", "quota_unit", "overage", "created_at"]
    list_filter = [FeatureFilter, "enabled", "allow_overages", "created_at"]
    list_select_related = ["tenant"]
    add_fieldsets = [
        (None, {"fields": ["feature_key", "enabled"]}),
        ("Quota", {"fields": ["quota_unit", "daily_quota", "monthly_quota"]}),
        ("Beyond the quota", {"fields": ["allow_overages", "overage_rate"]}),
    ]
    fieldsets = [
        (None, {"fields": ["feature_key", "enabled"]}),
        ("Used", {"fields": ["today", "this_month"]}),
        ("Quota", {"fields": ["quota_unit", "daily_quota", "monthly_quota"]}),
        ("Beyond the quota", {"fields": ["allow_overages", "overage_rate"]}),
        ("History", {"fields": ["windows"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["today", "this_month", "windows"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return with_use(super().get_queryset(request), now=timezone.now())

    def get_readonly_fields(self, request: HttpRequest, obj: FeatureEntitlement | None = None) -> list[str]:
        """Lock the feature of an existing entitlement: its use was counted for that feature."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "feature_key"]

    @display(description="Today")
    def today(self, obj: Any) -> str:
        return _bar(obj.used_today, obj.daily_quota)

    @display(description="This month")
    def this_month(self, obj: Any) -> str:
        return _bar(obj.used_this_month, obj.monthly_quota)

    @display(description="Beyond the quota")
    def overage(self, obj: FeatureEntitlement) -> str:
        return f"{amount(obj.overage_rate)} each" if obj.allow_overages else "refused"

    @display(description="Windows")
    @computed_once
    def windows(self, obj: FeatureEntitlement) -> str:
        rows = EntitlementUse.objects.filter(entitlement=obj.pk).order_by("-window_start", "-window")[
            :MAX_WINDOWS_SHOWN
        ]
        return table(HISTORY, [_history_row(row) for row in rows])


@register(EntitlementUse)
class EntitlementUseAdmin(ReadOnlyAdmin):
    area = "usage"
    section, icon, rank = "Billing", "data_usage", 75
    list_display = [
        "entitlement",
        "window",
        "window_start",
        "share",
        "quota_unit",
        "nearly_used_at",
        "used_up_at",
        "created_at",
    ]
    list_filter = ["window", "entitlement", "created_at"]
    list_select_related = ["entitlement"]

    @display(description="Used")
    def share(self, obj: EntitlementUse) -> str:
        return _bar(obj.used, obj.quota)


def _bar(used: Decimal, quota: Decimal | None) -> str:
    """Return the used part of a quota as a bar, or the number alone without a quota."""
    if quota is None:
        return format_html('{} <span class="lad-hint">no limit</span>', quantity(used))
    share = min(used * 100 / quota, Decimal(100)) if quota else Decimal(100)
    tone = (
        "lad-quota-full" if used >= quota else "lad-quota-near" if used >= quota * NEARLY_USED_SHARE else "lad-colour-1"
    )
    return format_html(
        '<span class="lad-quota"><span class="lad-quota-text"><span>{} of {}</span>'
        '<span class="lad-hint">{}</span></span><span class="lad-share-track">'
        '<span class="lad-share-bar {}" style="width:{}%"></span></span></span>',
        quantity(used),
        quantity(quota),
        f"{quantity(used - quota)} over" if used > quota else f"{quantity(quota - used)} left",
        tone,
        f"{share:.1f}",
    )


def _history_row(row: EntitlementUse) -> dict[str, object]:
    return {
        "window": QuotaWindow(row.window).label,
        "window_start": f"{row.window_start:%Y-%m-%d}",
        "unit": row.quota_unit,
        "used": row.used,
        "quota": row.quota,
    }
