"""Bodies of the bookings' own endpoints."""

from typing import Any, Final

from rest_framework import serializers

from lad import timezones
from lad.api.serializers import InputSerializer
from lad.api.times import TimeField
from leads.bookings.models import CallResult

MAX_REASON_LENGTH: Final = 500
MAX_NOTES_LENGTH: Final = 20_000


def _is_time_zone(value: str) -> None:
    timezones.canonical(value)


class TimesSerializer(InputSerializer):
    """Times without an offset are in ``timezone``, else in the tenant's time zone."""

    timezone = serializers.CharField(required=False, max_length=50, validators=[_is_time_zone])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # It was needed to read the times.
        attrs.pop("timezone", None)
        return attrs


class RescheduleSerializer(TimesSerializer):
    """Without ``buffer_until`` the booking keeps its duration."""

    scheduled_at = TimeField()
    buffer_until = TimeField(allow_null=True, default=None)


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


class RetrySerializer(TimesSerializer):
    """When the next attempt is."""

    scheduled_at = TimeField()
