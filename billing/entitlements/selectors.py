"""Read entitlements with their use today and this month, by each tenant's calendar."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import DateField, DateTimeField, DecimalField, F, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from billing.entitlements.models import EntitlementUse, FeatureEntitlement, QuotaWindow


class LocalTime(Func):
    """Convert a timestamp to local time: ``LocalTime(timestamp, zone)``."""

    template = "(%(expressions)s)"
    arg_joiner = " AT TIME ZONE "
    output_field: Any = DateTimeField()


class DateOf(Func):
    template = "(%(expressions)s)::date"
    output_field: Any = DateField()


def with_use(rows: QuerySet[FeatureEntitlement], *, now: datetime) -> QuerySet[FeatureEntitlement]:
    """Annotate ``used_today``, ``used_this_month`` and the tenant's ``zone``."""
    return rows.annotate(
        zone=F("tenant__timezone"),
        used_today=_used(QuotaWindow.DAY, now),
        used_this_month=_used(QuotaWindow.MONTH, now),
    )


def _used(window: QuotaWindow, now: datetime) -> Coalesce:
    local = LocalTime(Value(now, DateTimeField()), OuterRef("tenant__timezone"))
    begins = DateOf(local) if window == QuotaWindow.DAY else DateOf(Func(Value("month"), local, function="date_trunc"))
    uses = EntitlementUse.objects.filter(entitlement=OuterRef("pk"), window=window, window_start=begins)
    uses = uses.filter(quota_unit=OuterRef("quota_unit"))
    return Coalesce(Subquery(uses.values("used")), Value(Decimal(0)), output_field=DecimalField())
