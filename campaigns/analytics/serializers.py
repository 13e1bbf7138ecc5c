"""Queries and answers of the campaign's pages in the API."""

from typing import Any

from rest_framework import serializers

from campaigns.analytics.checks import Answer
from campaigns.analytics.queue import MAX_NEXT
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from campaigns.enrolment.wording import why_undone
from lad.api.serializers import InputSerializer
from leads.channels import Channel


class FunnelStageResponse(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    number = serializers.IntegerField()
    share = serializers.FloatField(help_text="Part of the enrolled leads, from 0 to 1.")


class VariantResponse(serializers.Serializer):
    """The leads that were given a variant, and what they did after that. Each counts once."""

    variant = serializers.CharField()
    reached = serializers.IntegerField()
    answered = serializers.IntegerField()
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField()
    interested = serializers.IntegerField()
    booked = serializers.IntegerField()
    unsubscribed = serializers.IntegerField()


class VariantComparisonResponse(serializers.Serializer):
    """Which variant leads by answers, and whether that is sure."""

    leader = serializers.CharField(help_text="Empty if none leads.")
    is_sure = serializers.BooleanField(help_text="With 95 % confidence.")
    missing = serializers.IntegerField(allow_null=True, help_text="People that are needed to be sure.")
    sentence = serializers.CharField()


class StepNumbersResponse(serializers.Serializer):
    """What became of one step. Waits, decisions and searches are `done`, never `sent`."""

    id = serializers.UUIDField()
    order = serializers.IntegerField()
    type = serializers.CharField()
    title = serializers.CharField()
    reached = serializers.IntegerField()
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField()
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()
    bounced = serializers.IntegerField()
    opened = serializers.IntegerField(allow_null=True, help_text="Null if the campaign does not track it.")
    clicked = serializers.IntegerField(allow_null=True, help_text="Null if the campaign does not track it.")
    answered = serializers.IntegerField()
    variants = VariantResponse(many=True)
    comparison = VariantComparisonResponse(allow_null=True)


class FunnelResponse(serializers.Serializer):
    """A campaign's numbers, exact at `counted_at`."""

    enrolled = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Enrolments that have not ended.")
    counted_at = serializers.DateTimeField()
    stages = FunnelStageResponse(many=True)
    steps = StepNumbersResponse(many=True)


class WaitingGroupResponse(serializers.Serializer):
    reason = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    number = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)


class MessageCountResponse(serializers.Serializer):
    state = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    number = serializers.IntegerField()
    capped = serializers.BooleanField(help_text="There are more than this.")


class QueueResponse(serializers.Serializer):
    """What of a campaign waits: enrolments by reason, and messages by state."""

    waiting = serializers.IntegerField()
    counted_at = serializers.DateTimeField()
    groups = WaitingGroupResponse(many=True)
    messages = MessageCountResponse(many=True)


class NextSendsQuerySerializer(InputSerializer):
    """How many to return."""

    limit = serializers.IntegerField(default=20, min_value=1, max_value=MAX_NEXT)


class NextSendResponse(serializers.Serializer):
    """A message that is to be sent, or a step that is to be done. `at` is null if it is due as soon as possible."""

    kind = serializers.ChoiceField(choices=["message", "step"])
    id = serializers.UUIDField(help_text="Of the message or the enrolment.")
    at = serializers.DateTimeField(allow_null=True)
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    lead_name = serializers.CharField(source="lead")
    what = serializers.CharField()
    step = serializers.CharField()
    account = serializers.UUIDField(source="account_id", allow_null=True)
    account_name = serializers.CharField(source="account")
    reason = serializers.CharField()


class NextSendsResponse(serializers.Serializer):
    """The next messages and steps, the first first."""

    results = NextSendResponse(many=True)


class WhyNotQuerySerializer(InputSerializer):
    """About what to ask: a lead, a step of the campaign or an account. Exactly one of them."""

    lead = serializers.UUIDField(required=False)
    step = serializers.UUIDField(required=False)
    account = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name one of lead, step and account.")
        return attrs


class CheckResponse(serializers.Serializer):
    """One check before a message, with its answer in words and what to do about it."""

    key = serializers.CharField()
    title = serializers.CharField()
    answer = serializers.ChoiceField(choices=[each.value for each in Answer])
    text = serializers.CharField()
    advice = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class WhyNotResponse(serializers.Serializer):
    """All checks, in their order. `summary` is the first one that stands in the way."""

    subject = serializers.CharField()
    answer = serializers.ChoiceField(choices=[each.value for each in Answer])
    summary = serializers.CharField()
    checks = CheckResponse(many=True)


class ActivitiesQuerySerializer(InputSerializer):
    """Which activities of the campaign to return."""

    status = serializers.ChoiceField(choices=ActivityStatus.choices, required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    step = serializers.UUIDField(required=False)
    lead = serializers.UUIDField(required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)


class ActivityResponse(serializers.Serializer):
    """Something the campaign did, or did not do and why."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    executed_at = serializers.DateTimeField(allow_null=True)
    lead = serializers.UUIDField(source="campaign_lead.lead_id")
    lead_name = serializers.CharField(source="campaign_lead")
    step = serializers.UUIDField(source="step_id", allow_null=True)
    step_type = serializers.CharField()
    channel = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField(source="message_content")
    reason = serializers.SerializerMethodField(help_text="Why it was not done, in words.")

    def get_reason(self, row: CampaignLeadActivity) -> str:
        return why_undone(row, str(row.campaign_lead))
