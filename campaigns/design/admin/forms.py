"""Forms of the actions on campaigns."""

from typing import Any
from uuid import UUID

from django import forms

from campaigns.design.models import Campaign
from campaigns.enrolment.services.enrolment import LeadChoice
from lad.types import Values
from leads.pipeline.admin.choices import member_choices
from leads.pipeline.selectors import Choices, stage_choices, status_choices


class CopyForm(forms.Form):
    """Asks for the name of a copy, and whether the leads come along."""

    name = forms.CharField(max_length=255, required=False, help_text="Empty means the old name with “(copy)”.")
    with_leads = forms.BooleanField(
        label="With its leads", required=False, help_text="Everybody who is enrolled begins anew in the copy."
    )


class ShareForm(forms.Form):
    """Asks for the name of a shared sequence."""

    name = forms.CharField(max_length=255, required=False, help_text="Empty means the name of the campaign.")
    description = forms.CharField(
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whom it is for, and what it achieved.",
    )


def enrol_form(campaign: Campaign) -> type[forms.Form]:
    """Return a form that asks which of the tenant's leads to enrol."""
    return type("EnrolForm", (LeadChoiceForm,), {"campaign": campaign})


class LeadChoiceForm(forms.Form):
    """Leads by stage, status, tag and the user they are assigned to. Empty fields do not restrict the choice."""

    campaign: Campaign

    stages = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    statuses = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    tag = forms.CharField(max_length=100, required=False)
    assigned_user = forms.ChoiceField(label="Assigned to", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = self.campaign.tenant_id
        self._set_choices("stages", stage_choices(tenant_id))
        self._set_choices("statuses", sorted(status_choices(tenant_id), key=lambda pair: pair[1]))
        self._set_choices("assigned_user", [("", "Anybody"), *member_choices(tenant_id)])

    def _set_choices(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


def lead_choice(values: Values) -> LeadChoice:
    """Return the choice that was entered in a LeadChoiceForm."""
    return LeadChoice(
        stages=values["stages"],
        statuses=values["statuses"],
        tag=values["tag"].strip(),
        assigned_user_id=UUID(values["assigned_user"]) if values["assigned_user"] else None,
    )
