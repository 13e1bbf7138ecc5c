"""Forms about when and how long."""

from datetime import timedelta
from typing import Any

from django import forms

from leads.bookings.models import DEFAULT_LENGTH, BookingType, CallResult
from leads.pipeline.admin.choices import Choices, moment_field

LENGTHS = (15, 30, 45, 60, 90, 120)
LONGEST_NOTES = 20_000
LONGEST_REASON = 500


class BookForm(forms.Form):
    """When, how long and what for; ``buffer_until`` comes of the length."""

    booking_type = forms.ChoiceField(label="What", choices=BookingType.choices, initial=BookingType.MANUAL_FOLLOWUP)
    scheduled_at = moment_field(label="When")
    minutes = forms.TypedChoiceField(
        label="How long",
        coerce=int,
        choices=[(each, f"{each} minutes") for each in LENGTHS],
        initial=DEFAULT_LENGTH // timedelta(minutes=1),
    )
    notes = forms.CharField(required=False, max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        values = dict(super().clean() or self.cleaned_data)
        minutes, start = values.pop("minutes", None), values.get("scheduled_at")
        if start and minutes:
            values["buffer_until"] = start + timedelta(minutes=minutes)
        return values


def book_form(people: Choices, lead: Any) -> type[forms.Form]:
    """A booking with the lead, held by its owner unless somebody else is chosen."""
    owner = str(lead.assigned_user_id or "")
    holder = forms.ChoiceField(label="Held by", choices=people, initial=owner)
    return type("BookForm", (BookForm,), {"assigned_user": holder})


class RescheduleForm(forms.Form):
    scheduled_at = moment_field(label="New time")


class CompleteForm(forms.Form):
    call_result = forms.ChoiceField(choices=CallResult.choices, initial=CallResult.ANSWERED)
    notes = forms.CharField(required=False, max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 3}))


class MissForm(CompleteForm):
    call_result = forms.ChoiceField(choices=CallResult.choices, initial=CallResult.NO_ANSWER)


class CancelForm(forms.Form):
    reason = forms.CharField(required=False, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2}))
