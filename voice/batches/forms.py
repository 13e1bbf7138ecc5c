"""Forms that ask how people are called: with which agent and number, why, and from when on."""

from typing import Any, Final
from uuid import UUID

from django import forms

from lad import moments
from lad.admin.forms import IdempotentForm
from lad.admin.uploads import UploadField
from lad.types import Actor
from leads.contactability.models import Purpose
from voice.agents.models import VoiceAgent
from voice.agents.services.defaults import with_defaults
from voice.batches.models import PURPOSE_HELP
from voice.batches.services.files import EXTENSIONS, MAX_BYTES
from voice.json_schemas import MAX_CONTEXT
from voice.numbers.models import NumberStatus, VoiceNumber

CHOOSE_NUMBER: Final = ("", "LAD chooses for each call")


class CallingForm(IdempotentForm):
    """Asks for agent, number, purpose and what the agent should know. ``calling_form`` adds the choices."""

    agent = forms.ChoiceField()
    from_number = forms.ChoiceField(label="Calls from", required=False)
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.OUTREACH, help_text=PURPOSE_HELP)
    context = forms.CharField(
        required=False,
        max_length=MAX_CONTEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the agent should know or mention.",
    )
    scheduled_at = forms.DateTimeField(
        label="Start", required=False, validators=[moments.validate], help_text="Empty: now."
    )


class BatchForm(CallingForm):
    """Asks how a batch calls."""

    name = forms.CharField(required=False, max_length=200, help_text="For you, such as “Visitors of the fair”.")
    max_concurrent = forms.IntegerField(
        label="Calls at once", required=False, min_value=1, help_text="Empty: as many as there is room for."
    )
    field_order = ["name", "agent", "from_number", "purpose", "context", "scheduled_at", "max_concurrent"]


class FileForm(BatchForm):
    """Asks for the file, and how its people are called."""

    file = UploadField(extensions=EXTENSIONS, max_bytes=MAX_BYTES)
    phone_column = forms.CharField(
        label="Column with the numbers",
        required=False,
        max_length=200,
        help_text="Its heading, if it is not one like “phone” or “mobile”.",
    )
    field_order = ["file", "phone_column", *BatchForm.field_order]


def calling_form(base: type[CallingForm], tenant_id: UUID, actor: Actor) -> type[CallingForm]:
    """Return the form with the agents and numbers of the tenant, the user's defaults chosen."""
    agents = VoiceAgent.objects.filter(tenant=tenant_id).order_by("name")
    numbers = VoiceNumber.objects.filter(tenant=tenant_id, status=NumberStatus.ACTIVE).order_by("-created_at")
    defaults = with_defaults({}, actor)
    fields = {
        "agent": forms.ChoiceField(
            choices=[(str(row.pk), row.name) for row in agents], initial=_key(defaults.get("agent"))
        ),
        "from_number": forms.ChoiceField(
            label="Calls from",
            required=False,
            choices=[
                CHOOSE_NUMBER,
                *(
                    (str(row.pk), str(row))
                    for row in numbers
                    if row.metadata.get("rules", {}).get("outbound") is not False
                ),
            ],
            initial=_key(defaults.get("from_number")),
        ),
    }
    return type(base.__name__, (base,), fields)


def batch_values(cleaned: dict[str, Any]) -> dict[str, Any]:
    """Return what a BatchForm was given as values of a batch. Its key makes sure that there is one batch for it."""
    context = cleaned.get("context", "")
    return {
        "name": cleaned.get("name", ""),
        "agent": agent_of(cleaned),
        "from_number": number_of(cleaned),
        "purpose": cleaned["purpose"],
        "scheduled_at": cleaned.get("scheduled_at"),
        "max_concurrent": cleaned.get("max_concurrent"),
        "metadata": {"base_context": context} if context else {},
        "job_id": f"batch-{UUID(str(cleaned['key'])).hex}",
    }


def agent_of(cleaned: dict[str, Any]) -> VoiceAgent | None:
    """Return the agent that was chosen, or None if it no longer exists."""
    return VoiceAgent.objects.filter(pk=cleaned["agent"]).first()


def number_of(cleaned: dict[str, Any]) -> VoiceNumber | None:
    """Return the number that was chosen, or None if the dialer chooses."""
    chosen = cleaned.get("from_number")
    return VoiceNumber.objects.filter(pk=chosen).first() if chosen else None


def _key(row: VoiceAgent | VoiceNumber | None) -> str:
    return str(row.pk) if row is not None else ""
