"""Queries and answers of analytics in the API."""

from typing import Any

from rest_framework import serializers

from campaigns.analytics.serializers import FunnelStageResponse, StepNumbersResponse
from campaigns.analytics.tables import TABLES
from campaigns.figures.reading import Period
from lad.api.serializers import InputSerializer
from lad.api.times import DayField


class PeriodQuerySerializer(InputSerializer):
    """The days to look at, both included, in the time zone of the tenant. Without them all days count."""

    since = DayField(required=False)
    until = DayField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("since") and attrs.get("until") and attrs["since"] > attrs["until"]:
            raise serializers.ValidationError({"until": "The last day lies before the first one."})
        return attrs


class TableQuerySerializer(PeriodQuerySerializer):
    """Which table to export, and of which days."""

    table = serializers.ChoiceField(choices=list(TABLES))


def period_of(asked: dict[str, Any]) -> Period:
    """Return the period that a query names."""
    return Period(asked.get("since"), asked.get("until"))


class RateResponse(serializers.Serializer):
    """A part of a whole, with the limits of the true share with 95 % confidence."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    number = serializers.IntegerField(source="part")
    of = serializers.IntegerField(source="whole")
    of_what = serializers.CharField(source="of")
    words = serializers.CharField(help_text="For example “12 of 80 contacted”.")
    share = serializers.FloatField(allow_null=True, help_text="From 0 to 1. Null of nothing.")
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="Low and high.")


class NumbersResponse(serializers.Serializer):
    """What was sent and what became of it. Waits, decisions and searches are not in it."""

    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField()
    connected = serializers.IntegerField()
    replied = serializers.IntegerField()
    bounced = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    actions = serializers.IntegerField(help_text="Visits, follows, likes and the like.")
    invited = serializers.IntegerField(help_text="Invitations to connect.")
    calls = serializers.IntegerField()
    calls_answered = serializers.IntegerField()


class ChannelResponse(serializers.Serializer):
    channel = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    numbers = NumbersResponse()
    rates = RateResponse(many=True)


class AccountResponse(ChannelResponse):
    account = serializers.UUIDField(source="account_id")


class ReachedResponse(serializers.Serializer):
    """How many leads reached each milestone. Each lead counts once."""

    contacted = serializers.IntegerField()
    delivered = serializers.IntegerField()
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField()
    connected = serializers.IntegerField()
    replied = serializers.IntegerField()
    interested = serializers.IntegerField()
    booked = serializers.IntegerField()
    goal = serializers.IntegerField()
    bounced = serializers.IntegerField()
    unsubscribed = serializers.IntegerField()


class CohortResponse(serializers.Serializer):
    week = serializers.DateField(help_text="The Monday of the week in which the campaign began with these leads.")
    started = serializers.IntegerField()
    reached = ReachedResponse()


class DayResponse(serializers.Serializer):
    day = serializers.DateField()
    sent = serializers.IntegerField(help_text="Messages sent on this day.")
    reached = ReachedResponse()


class ReportResponse(serializers.Serializer):
    """A campaign's analytics, exact at `read_at`.

    With a period, the funnel and the rates are about the leads first contacted in it, and steps, channels and accounts
    about what was sent in it.
    """

    since = serializers.DateField(source="period.since", allow_null=True)
    until = serializers.DateField(source="period.until", allow_null=True)
    read_at = serializers.DateTimeField()
    is_behind = serializers.BooleanField(help_text="Very many changes, or a recount, are still to be counted.")
    enrolled = serializers.IntegerField(source="funnel.enrolled")
    open = serializers.IntegerField(source="funnel.open")
    states = serializers.DictField(child=serializers.IntegerField(), help_text="Enrolments by status.")
    stages = FunnelStageResponse(many=True, source="funnel.stages")
    rates = RateResponse(many=True)
    totals = NumbersResponse()
    steps = StepNumbersResponse(many=True, source="funnel.steps")
    channels = ChannelResponse(many=True)
    accounts = AccountResponse(many=True)
    cohorts = CohortResponse(many=True)
    days = DayResponse(many=True)


class CampaignStatsResponse(serializers.Serializer):
    id = serializers.UUIDField(source="campaign.pk")
    name = serializers.CharField(source="campaign.name")
    status = serializers.CharField(source="campaign.status")
    people = serializers.DictField(child=serializers.IntegerField(), help_text="Leads by milestone.")
    sent = NumbersResponse()
    rates = RateResponse(many=True)


class StatsResponse(serializers.Serializer):
    """All campaigns of the tenant, together and side by side."""

    total = serializers.IntegerField()
    active = serializers.IntegerField()
    is_behind = serializers.BooleanField(help_text="Very many changes, or a recount, are still to be counted.")
    people = serializers.DictField(child=serializers.IntegerField(), help_text="Leads by milestone.")
    sent = NumbersResponse()
    rates = RateResponse(many=True)
    channels = ChannelResponse(many=True)
    campaigns = CampaignStatsResponse(many=True)
