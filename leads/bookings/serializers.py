"""What the hand-written endpoints of the domain take and answer."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer
from leads.bookings.models import CallResult

LONGEST_REASON = 500


LONGEST_NOTES = 20_000


class RescheduleForm(InputSerializer):
    """Without ``buffer_until`` the booking keeps its length."""

    scheduled_at = serializers.DateTimeField()
    buffer_until = serializers.DateTimeField(allow_null=True, default=None)


class CancelForm(InputSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class CompleteForm(InputSerializer):
    """``notes`` are added to those of the booking."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.ANSWERED)
    notes = serializers.CharField(max_length=LONGEST_NOTES, allow_blank=True, default="")


class MissForm(InputSerializer):
    """``notes`` are added to those of the booking."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.NO_ANSWER)
    notes = serializers.CharField(max_length=LONGEST_NOTES, allow_blank=True, default="")


class RetryForm(InputSerializer):
    scheduled_at = serializers.DateTimeField()
