"""Use summed up, and what it cost: the figures behind the app's usage page."""

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

from billing.money import DEFAULT_CURRENCY, to_line
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.selectors import summaries
from billing.usage.selectors.summaries import By, Chosen, Line, Period, Summary
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView, require_tenant

TIME_RANGES: Final = {"7d": 7, "30d": 30, "90d": 90}
TOP_FEATURES: Final = 10
# Voided use is in no sum.
STATUSES: Final = [choice for choice in UsageStatus.choices if choice[0] != UsageStatus.VOIDED]


class SumField(serializers.DecimalField):
    """A sum of amounts or quantities, as text with six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=30, decimal_places=6, **kwargs)


class PercentField(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=2, **kwargs)


class SummaryForm(InputSerializer):
    """What to sum; without a period the last 30 days, and never more than 366."""

    by = serializers.ChoiceField(choices=[By.FEATURE, By.USER, By.DAY, By.COMPONENT])
    feature_key = serializers.CharField(required=False, max_length=100)
    user = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", default=DEFAULT_CURRENCY)

    def get_fields(self) -> dict[str, Any]:
        ends = {
            "from": serializers.DateField(required=False, help_text="The first day, in the tenant's time zone."),
            "to": serializers.DateField(required=False, help_text="The last day."),
        }
        return {**super().get_fields(), **ends}


class UsageComponentAnswer(serializers.Serializer):
    category = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    unit = serializers.CharField()


class SummaryLineAnswer(serializers.Serializer):
    """The use under one key. ``quantity`` and ``component`` only by component, where it is all in one unit."""

    key = serializers.CharField(allow_null=True, help_text="Null: by nobody in particular.")
    name = serializers.CharField()
    component = UsageComponentAnswer(allow_null=True)
    uses = serializers.IntegerField()
    quantity = SumField(allow_null=True)
    cost = SumField()
    charged = SumField(help_text="The part of it that is paid.")
    percentage = PercentField(help_text="Of the whole cost.")


class UsageSummaryAnswer(serializers.Serializer):
    """The sums are over every line, also those too small to be listed."""

    by = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    uses = serializers.IntegerField(help_text="By component: of all components together.")
    cost = SumField()
    charged = SumField()
    lines = SummaryLineAnswer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.DateField(), "to": serializers.DateField()}


class AnalyticsForm(InputSerializer):
    time_range = serializers.ChoiceField(choices=list(TIME_RANGES), default="30d")


class FeatureCostAnswer(serializers.Serializer):
    feature_key = serializers.CharField()
    uses = serializers.IntegerField()
    cost = SumField()
    credits = SumField()
    percentage = PercentField()


class DayCostAnswer(serializers.Serializer):
    date = serializers.DateField()
    uses = serializers.IntegerField()
    cost = SumField()
    credits = SumField()


class CostTrendAnswer(serializers.Serializer):
    """Costs by the calendar. The change compares this month with the last one until the same day and hour."""

    current_month = SumField(source="this_month")
    last_month = SumField()
    last_month_to_date = SumField()
    percentage_change = PercentField(allow_null=True, help_text="Null: nothing was used then.")


class UsageAnalyticsAnswer(serializers.Serializer):
    time_range = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    uses = serializers.IntegerField()
    total_cost = SumField()
    total_credits = SumField(help_text="The cost in credits, for people.")
    top_features = FeatureCostAnswer(many=True)
    daily_usage = DayCostAnswer(many=True)
    monthly_trend = CostTrendAnswer()


class UsageSummary(LadAPIView):
    area = "usage"

    @extend_schema(
        summary="Sum up what was used, by feature, person, day or component",
        parameters=[SummaryForm],
        responses={200: UsageSummaryAnswer, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        require_tenant(UsageEvent)
        form = SummaryForm.read(request.query_params.dict())
        by = By(form["by"])
        period = summaries.period_of(
            first=form.get("from"), last=form.get("to"), zone=summaries.zone_of_scope(), now=timezone.now()
        )
        chosen = Chosen(
            form.get("feature_key", ""), form.get("user"), form.get("status", ""), currency=form["currency"]
        )
        summary = summaries.summarise(by=by, period=period, chosen=chosen)
        lines = summaries.daily(period, summary) if by == By.DAY else summary.lines
        answer = {
            "by": by,
            "from": period.first,
            "to": period.last,
            "timezone": period.zone,
            "currency": chosen.currency,
            "uses": summary.uses,
            "cost": summary.cost,
            "charged": summary.charged,
            "lines": list(_lines(by, lines, summary)),
        }
        return Response(UsageSummaryAnswer(answer).data)


class UsageAnalytics(LadAPIView):
    area = "usage"

    @extend_schema(
        summary="What was used lately: totals, the features it went into, every day, and this month against the last",
        parameters=[AnalyticsForm],
        responses={200: UsageAnalyticsAnswer, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        require_tenant(UsageEvent)
        time_range = AnalyticsForm.read(request.query_params.dict())["time_range"]
        now, zone = timezone.now(), summaries.zone_of_scope()
        today = summaries.period_of(first=None, last=None, zone=zone, now=now).last
        period = Period(today - timedelta(days=TIME_RANGES[time_range] - 1), today, zone)
        features = summaries.summarise(by=By.FEATURE, period=period)
        days = summaries.summarise(by=By.DAY, period=period)
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
        return Response(UsageAnalyticsAnswer(answer).data)


def _lines(by: By, lines: list[Line], summary: Summary) -> Iterator[dict[str, Any]]:
    names = summaries.names_of(by, lines)
    for line in lines:
        yield {
            "key": None if line.key is None else str(line.key),
            "name": names[line.key],
            "component": line.key if by == By.COMPONENT else None,
            "uses": line.uses,
            "quantity": line.quantity,
            "cost": line.cost,
            "charged": line.charged,
            "percentage": summaries.percentage(line.cost, summary.cost),
        }


def _costs(line: Line) -> dict[str, Any]:
    return {"uses": line.uses, "cost": line.cost, "credits": _credits(line.cost)}


def _credits(cost: Decimal) -> Decimal:
    return to_line(cost / settings.BILLING_CREDIT_VALUE)


router.route("billing-usage-events/summary/", UsageSummary.as_view(), name="usage-summary")
router.route("billing-usage-events/analytics/", UsageAnalytics.as_view(), name="usage-analytics")
