"""Forms of the actions on bookings."""

from datetime import timedelta
from typing import Any, Final

from django import forms

from lad import moments
from lad.admin.forms import LadModelForm
from leads.bookings.models import DEFAULT_DURATION, BookingType, CallResult
from leads.bookings.serializers import MAX_NOTES_LENGTH, MAX_REASON_LENGTH
from leads.bookings.services import REASSIGN_LEAD
from leads.contacts.models import Lead
from leads.pipeline.selectors import Choices
from tenants.accounts.models import User

DURATIONS: Final = (15, 30, 45, 60, 90, 120)


def reassign_field(holder: User | None = None) -> forms.BooleanField:
    """Return a field that asks whether the lead goes to the user of the booking. ``holder`` has the lead now."""
    return forms.BooleanField(
        label="Assign the lead to this person too",
        required=False,
        initial=True,
        help_text=f"Otherwise it stays with {holder.full_name}."
        if holder
        else "Otherwise its assignee stays the same.",
    )


class NewBookingForm(LadModelForm):
    """Asks for a new booking, and whether its user gets the lead."""

    reassign_lead = reassign_field()


class BookForm(forms.Form):
    """Asks for type, time and duration. ``buffer_until`` is computed from the duration."""

    booking_type = forms.ChoiceField(label="Type", choices=BookingType.choices, initial=BookingType.MANUAL_FOLLOWUP)
    scheduled_at = forms.DateTimeField(label="Time", validators=[moments.validate])
    minutes = forms.TypedChoiceField(
        label="Duration",
        coerce=int,
        choices=[(each, f"{each} minutes") for each in DURATIONS],
        initial=DEFAULT_DURATION // timedelta(minutes=1),
    )
    notes = forms.CharField(required=False, max_length=MAX_NOTES_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        values = dict(super().clean() or self.cleaned_data)
        minutes, start = values.pop("minutes", None), values.get("scheduled_at")
        if start and minutes:
            values["buffer_until"] = start + timedelta(minutes=minutes)
        return values


def book_form(members: Choices, lead: Lead) -> type[forms.Form]:
    """Return a form for a booking with the lead. It suggests the user the lead is assigned to."""
    field = forms.ChoiceField(label="Assigned to", choices=members, initial=str(lead.assigned_user_id or ""))
    fields = {"assigned_user": field, REASSIGN_LEAD: reassign_field(lead.assigned_user)}
    order = ["booking_type", "scheduled_at", "minutes", *fields, "notes"]
    return type("BookForm", (BookForm,), {**fields, "field_order": order})


class RescheduleForm(forms.Form):
    scheduled_at = forms.DateTimeField(label="New time", validators=[moments.validate])


class CompleteForm(forms.Form):
    call_result = forms.ChoiceField(choices=CallResult.choices, initial=CallResult.ANSWERED)
    notes = forms.CharField(required=False, max_length=MAX_NOTES_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))


class MissForm(CompleteForm):
    call_result = forms.ChoiceField(choices=CallResult.choices, initial=CallResult.NO_ANSWER)


class CancelForm(forms.Form):
    reason = forms.CharField(required=False, max_length=MAX_REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2}))
