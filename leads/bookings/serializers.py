"""Bodies of the bookings' own endpoints."""

from typing import Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer
from leads.bookings.models import CallResult

MAX_REASON_LENGTH: Final = 500
MAX_NOTES_LENGTH: Final = 20_000


class RescheduleSerializer(InputSerializer):
    """Without ``buffer_until`` the booking keeps its duration."""

    scheduled_at = serializers.DateTimeField()
    buffer_until = serializers.DateTimeField(allow_null=True, default=None)


class CancelSerializer(InputSerializer):
    """Why the booking is cancelled."""

    reason = serializers.CharField(max_length=MAX_REASON_LENGTH, allow_blank=True, default="")


class CompleteSerializer(InputSerializer):
    """``notes`` are appended to the booking's own."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.ANSWERED)
    notes = serializers.CharField(max_length=MAX_NOTES_LENGTH, allow_blank=True, default="")


class MissSerializer(InputSerializer):
    """``notes`` are appended to the booking's own."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.NO_ANSWER)
    notes = serializers.CharField(max_length=MAX_NOTES_LENGTH, allow_blank=True, default="")


class RetrySerializer(InputSerializer):
    """When the next attempt is."""

    scheduled_at = serializers.DateTimeField()
