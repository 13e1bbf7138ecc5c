"""Read entitlements with their use today and this month, by each tenant's calendar."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import DateField, DateTimeField, DecimalField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from billing.entitlements.models import EntitlementUse, FeatureEntitlement, QuotaWindow

# Two places on earth are never more than two dates apart.
MAX_DATES_APART: Final = timedelta(days=2)


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
    """Return what was used in the running window, which lasts until it is over in the tenant's zone and in its own."""
    zone = OuterRef("tenant__timezone")
    today, farthest = (_begins(window, moment, zone) for moment in (now, now + MAX_DATES_APART))
    uses = EntitlementUse.objects.filter(
        Q(window_start__range=(today, farthest)) | Q(window_start=_begins(window, now, F("timezone"))),
        entitlement=OuterRef("pk"),
        window=window,
        quota_unit=OuterRef("quota_unit"),
    )
    latest = uses.order_by("-window_start").values("used")[:1]
    return Coalesce(Subquery(latest), Value(Decimal(0)), output_field=DecimalField())


def _begins(window: QuotaWindow, moment: datetime, zone: F) -> DateOf:
    local = LocalTime(Value(moment, DateTimeField()), zone)
    return DateOf(Func(Value(window.value), local, function="date_trunc"))
