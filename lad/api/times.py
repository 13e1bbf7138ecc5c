"""Fields of request bodies for days and times."""

from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from lad import moments
from lad.api.compiled import register_plain_field


class DayField(serializers.DateField):
    """A day."""

    default_error_messages = {"impossible": moments.IMPOSSIBLE}

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not moments.is_possible(day):
            self.fail("impossible")
        return day


class TimeField(serializers.DateTimeField):
    """A date and time. Without an offset it is read in the body's ``timezone``, else in the tenant's time zone."""

    default_error_messages = {"impossible": moments.IMPOSSIBLE}

    def to_internal_value(self, value: Any) -> datetime:
        moment: datetime = super().to_internal_value(value)
        if not moments.is_possible(moment):
            self.fail("impossible")
        return moment

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the time in UTC, which is how times are shown."""
        if not moments.is_possible(value):
            # Near the ends of the calendar there may be no such time in UTC.
            return value
        try:
            return moments.localised(value).astimezone(UTC)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, code="skipped") from error


register_plain_field(DayField)
register_plain_field(TimeField)
