"""Whether a lead may be contacted, on the lead's page: at a glance, with consents and entries, and what to do."""

from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from lad import moments
from lad.admin.actions import row_action
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contactability import services
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import (
    ALL_CHANNELS,
    ConsentRecord,
    Purpose,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from leads.contactability.serializers import MAX_SOURCE
from leads.contacts.extensions import add_action, add_inline, add_panel
from leads.contacts.models import Lead

MAX_EVIDENCE: Final = 5_000
# Reasons that somebody chooses by hand. The others are recorded by LAD.
CHOSEN_REASONS: Final = (
    SuppressionReason.MANUAL,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.LEGAL,
)
ICONS: Final = {Verdict.ALLOW: "check_circle", Verdict.DEFER: "schedule", Verdict.REFUSE: "block"}


class SuppressionInline(ReadOnlyInline):
    """The lead's entries of the do-not-contact list."""

    area = "contactability"
    model = Suppression
    fields = ["address", "scope", "channel", "reason", "source", "expires_at", "created_at"]
    per_page = 10
    verbose_name_plural = "do not contact"


class ConsentInline(ReadOnlyInline):
    """The lead's consent; the action ``record_consent`` adds a record."""

    area = "contactability"
    model = ConsentRecord
    fields = ["channel", "purpose", "status", "given_at", "source", "evidence"]
    per_page = 10
    verbose_name_plural = "consent"


class StopForm(forms.Form):
    """Asks on which channel a lead is not contacted any more, and why."""

    channel = forms.ChoiceField(choices=[(ALL_CHANNELS, "All channels"), *Channel.choices], initial=ALL_CHANNELS)
    reason = forms.ChoiceField(choices=[(each.value, each.label) for each in CHOSEN_REASONS])
    company = forms.BooleanField(
        label="The whole company", required=False, help_text="Everybody with an address of the company's domain."
    )
    source = forms.CharField(
        label="Where the request came from", required=False, max_length=MAX_SOURCE, help_text="For example: a call."
    )
    expires_at = forms.DateTimeField(
        label="Until", required=False, validators=[moments.validate], help_text="Empty means for good."
    )

    def clean_expires_at(self) -> Any:
        until = self.cleaned_data["expires_at"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError("Choose a time in the future, or leave it empty.")
        return until


class ConsentForm(forms.Form):
    """Asks what a lead said about being contacted, when and where."""

    status = forms.ChoiceField(label="The lead", choices=[("given", "gave consent"), ("withdrawn", "withdrew consent")])
    channel = forms.ChoiceField(choices=Channel.choices, initial=Channel.EMAIL)
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.OUTREACH)
    source = forms.CharField(max_length=MAX_SOURCE, help_text="Where the lead said so, for example a form or a call.")
    evidence = forms.CharField(
        required=False,
        max_length=MAX_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The words, the file or the address of it.",
    )
    given_at = forms.DateTimeField(
        label="When", required=False, validators=[moments.validate], help_text="Empty means now."
    )

    def clean_given_at(self) -> Any:
        given_at = self.cleaned_data["given_at"]
        if given_at is not None and given_at > timezone.now():
            raise forms.ValidationError("The lead cannot have said so in the future.")
        return given_at


@row_action(
    "Do not contact",
    explanation="Puts the lead on the do-not-contact list. Campaigns and calls leave the lead out from now on.",
    form=StopForm,
    permission="stop_contact",
    when=lambda row: not is_deleted(row),
    icon="do_not_disturb_on",
    danger=True,
    seldom=True,
)
def stop_contact(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    entry = services.suppress(
        lead=row,
        channel=values["channel"],
        scope=SuppressionScope.DOMAIN if values["company"] else SuppressionScope.ADDRESS,
        reason=values["reason"],
        source=values["source"],
        expires_at=values["expires_at"],
        actor=access_of(request).user,
    )
    whom = f"Everybody at {entry.address}" if values["company"] else str(row)
    return f"{whom} is on the do-not-contact list: {entry.get_channel_display()}."


@row_action(
    "Record consent",
    explanation="Records that the lead gave or withdrew consent. The newest record of a channel counts.",
    form=ConsentForm,
    permission="record_consent",
    when=lambda row: not is_deleted(row),
    icon="verified_user",
    seldom=True,
)
def record_consent(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    made = services.record_consent(lead=row, **values, actor=access_of(request).user)
    return f"Recorded: {made}."


def render_decisions(request: HttpRequest, lead: Lead) -> str:
    """Return for each channel whether the lead may be contacted now, as HTML."""
    if is_deleted(lead):
        return ""
    found = services.decide_channels(
        tenant_id=lead.tenant_id,
        lead_ids=[lead.pk],
        channels=list(Channel),
        purpose=Purpose.OUTREACH,
        at=timezone.now(),
    )
    lines = [_line(of_channel[lead.pk]) for of_channel in found.values() if _has_address(of_channel[lead.pk])]
    return render_to_string("leads/admin/contactability.html", {"lines": lines})


def _has_address(decision: Decision) -> bool:
    return all(each.code != ReasonCode.NO_ADDRESS for each in decision.reasons)


def _line(decision: Decision) -> dict[str, str]:
    answers = {Verdict.ALLOW: "now", Verdict.DEFER: f"from {decision.moment()}", Verdict.REFUSE: "no"}
    return {
        "icon": ICONS[decision.verdict],
        "channel": Channel(decision.channel).label,
        "answer": answers[decision.verdict],
        "why": "; ".join(each.sentence(decision.channel) for each in decision.reasons),
    }


add_panel("May be contacted", render_decisions, rank=5, right="contactability.view", icon="contact_phone")
add_inline(SuppressionInline, rank=52)
add_inline(ConsentInline, rank=55)
add_action(stop_contact, rank=80, rights=("leads.view", "contactability.create"))
add_action(record_consent, rank=85, rights=("leads.view", "contactability.create"))
