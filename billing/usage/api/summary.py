"""Usage summaries and analytics for the app's usage page."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.money import DEFAULT_CURRENCY, round_amount
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.selectors import summaries
from billing.usage.selectors.summaries import GroupBy, Period, SummaryLine, UsageFilter, UsageSummary
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.times import DayField
from lad.api.views import LadAPIView, require_tenant

TIME_RANGES: Final = {"7d": 7, "30d": 30, "90d": 90}
TOP_FEATURES: Final = 10
# Sums leave out voided usage.
STATUSES: Final = [choice for choice in UsageStatus.choices if choice[0] != UsageStatus.VOIDED]


class SumField(serializers.DecimalField):
    """A sum of amounts or quantities, as a string with six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=30, decimal_places=6, **kwargs)


class PercentField(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=2, **kwargs)


class UsageSummaryQuerySerializer(InputSerializer):
    """Which usage to sum up. The period defaults to the last 30 days and has at most 366."""

    by = serializers.ChoiceField(choices=[GroupBy.FEATURE, GroupBy.USER, GroupBy.DAY, GroupBy.COMPONENT])
    feature_key = serializers.CharField(required=False, max_length=100)
    user = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", default=DEFAULT_CURRENCY)

    def get_fields(self) -> dict[str, Any]:
        ends = {
            "from": DayField(required=False, help_text="The first day, in the tenant's time zone."),
            "to": DayField(required=False, help_text="The last day."),
        }
        return {**super().get_fields(), **ends}


class UsageComponentResponse(serializers.Serializer):
    category = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    unit = serializers.CharField()


class SummaryLineResponse(serializers.Serializer):
    """The usage under one key. ``quantity`` and ``component`` are set only when grouped by component."""

    key = serializers.CharField(allow_null=True, help_text="Null: usage without a user.")
    name = serializers.CharField()
    component = UsageComponentResponse(allow_null=True)
    uses = serializers.IntegerField()
    quantity = SumField(allow_null=True)
    cost = SumField()
    charged = SumField(help_text="The part that has been charged.")
    percentage = PercentField(help_text="Share of the total cost.")


class UsageSummaryResponse(serializers.Serializer):
    """Totals include lines that are too small to be listed."""

    by = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    uses = serializers.IntegerField(help_text="Grouped by component: the sum over all components.")
    cost = SumField()
    charged = SumField()
    lines = SummaryLineResponse(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.DateField(), "to": serializers.DateField()}


class UsageAnalyticsQuerySerializer(InputSerializer):
    time_range = serializers.ChoiceField(choices=list(TIME_RANGES), default="30d")


class FeatureCostResponse(serializers.Serializer):
    feature_key = serializers.CharField()
    uses = serializers.IntegerField()
    cost = SumField()
    credits = SumField()
    percentage = PercentField()


class DayCostResponse(serializers.Serializer):
    date = serializers.DateField()
    uses = serializers.IntegerField()
    cost = SumField()
    credits = SumField()


class CostTrendResponse(serializers.Serializer):
    """Costs by calendar month. The change compares this month with last month up to the same day and time."""

    current_month = SumField(source="this_month")
    last_month = SumField()
    last_month_to_date = SumField()
    percentage_change = PercentField(allow_null=True, help_text="Null: nothing was used last month.")


class UsageAnalyticsResponse(serializers.Serializer):
    time_range = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    uses = serializers.IntegerField()
    total_cost = SumField()
    total_credits = SumField(help_text="The cost in credits.")
    top_features = FeatureCostResponse(many=True)
    daily_usage = DayCostResponse(many=True)
    monthly_trend = CostTrendResponse()


class UsageSummaryView(LadAPIView):
    area = "usage"

    @extend_schema(
        summary="Sum up usage by feature, user, day or component",
        parameters=[UsageSummaryQuerySerializer],
        responses={200: UsageSummaryResponse, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        require_tenant(UsageEvent)
        form = UsageSummaryQuerySerializer.read(request.query_params.dict())
        by = GroupBy(form["by"])
        period = summaries.resolve_period(
            first=form.get("from"), last=form.get("to"), zone=summaries.scope_timezone(), now=timezone.now()
        )
        usage_filter = UsageFilter(
            form.get("feature_key", ""), form.get("user"), form.get("status", ""), currency=form["currency"]
        )
        summary = summaries.summarise(by=by, period=period, usage_filter=usage_filter)
        lines = summaries.daily(period, summary) if by == GroupBy.DAY else summary.lines
        answer = {
            "by": by,
            "from": period.first,
            "to": period.last,
            "timezone": period.zone,
            "currency": usage_filter.currency,
            "uses": summary.uses,
            "cost": summary.cost,
            "charged": summary.charged,
            "lines": list(_lines(by, lines, summary)),
        }
        return Response(UsageSummaryResponse(answer).data)


class UsageAnalyticsView(LadAPIView):
    area = "usage"

    @extend_schema(
        summary="Recent usage: totals, top features, daily costs and the monthly trend",
        parameters=[UsageAnalyticsQuerySerializer],
        responses={200: UsageAnalyticsResponse, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        require_tenant(UsageEvent)
        time_range = UsageAnalyticsQuerySerializer.read(request.query_params.dict())["time_range"]
        now, zone = timezone.now(), summaries.scope_timezone()
        today = summaries.resolve_period(first=None, last=None, zone=zone, now=now).last
        period = Period(today - timedelta(days=TIME_RANGES[time_range] - 1), today, zone)
        features = summaries.summarise(by=GroupBy.FEATURE, period=period)
        days = summaries.summarise(by=GroupBy.DAY, period=period)
        answer = {
            "time_range": time_range,
            "timezone": zone,
            "currency": DEFAULT_CURRENCY,
            "uses": features.uses,
            "total_cost": features.cost,
            "total_credits": _credits(features.cost),
            "top_features": [
                {
                    "feature_key": line.key,
                    **_costs(line),
                    "percentage": summaries.percentage(line.cost, features.cost),
                }
                for line in features.lines[:TOP_FEATURES]
            ],
            "daily_usage": [{"date": line.key, **_costs(line)} for line in summaries.daily(period, days)],
            "monthly_trend": summaries.trend(now=now, zone=zone),
        }
        return Response(UsageAnalyticsResponse(answer).data)


def _lines(by: GroupBy, lines: list[SummaryLine], summary: UsageSummary) -> Iterator[dict[str, Any]]:
    names = summaries.display_names(by, lines)
    for line in lines:
        yield {
            "key": None if line.key is None else str(line.key),
            "name": names[line.key],
            "component": line.key if by == GroupBy.COMPONENT else None,
            "uses": line.uses,
            "quantity": line.quantity,
            "cost": line.cost,
            "charged": line.charged,
            "percentage": summaries.percentage(line.cost, summary.cost),
        }


def _costs(line: SummaryLine) -> dict[str, Any]:
    return {"uses": line.uses, "cost": line.cost, "credits": _credits(line.cost)}


def _credits(cost: Decimal) -> Decimal:
    return round_amount(cost / settings.BILLING_CREDIT_VALUE)


router.route("billing-usage-events/summary/", UsageSummaryView.as_view(), name="usage-summary")
router.route("billing-usage-events/analytics/", UsageAnalyticsView.as_view(), name="usage-analytics")
