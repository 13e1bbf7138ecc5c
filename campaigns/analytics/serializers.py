"""Queries and answers of the campaign's pages in the API."""

from rest_framework import serializers

from campaigns.analytics.queue import MAX_NEXT
from lad.api.serializers import InputSerializer


class FunnelStageResponse(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    number = serializers.IntegerField()
    share = serializers.FloatField(help_text="Part of the enrolled leads, from 0 to 1.")


class VariantResponse(serializers.Serializer):
    variant = serializers.CharField()
    reached = serializers.IntegerField()
    answered = serializers.IntegerField()


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


class FunnelResponse(serializers.Serializer):
    """A campaign's numbers. Those of large campaigns are kept for up to ten minutes; see `counted_at`."""

    enrolled = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Enrolments that have not ended.")
    counted_at = serializers.DateTimeField()
    stages = FunnelStageResponse(many=True)
    steps = StepNumbersResponse(many=True)


class WaitingGroupResponse(serializers.Serializer):
    reason = serializers.CharField()
    label = serializers.CharField()
    number = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)


class MessageCountResponse(serializers.Serializer):
    state = serializers.CharField()
    label = serializers.CharField()
    number = serializers.IntegerField()
    capped = serializers.BooleanField(help_text="There are more than this.")


class QueueResponse(serializers.Serializer):
    """What of a campaign waits: enrolments by reason, and messages by state."""

    waiting = serializers.IntegerField()
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
