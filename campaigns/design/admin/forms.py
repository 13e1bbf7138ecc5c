"""What actions on campaigns ask for."""

from typing import Any
from uuid import UUID

from django import forms

from campaigns.design.models import Campaign
from campaigns.enrolment.services.enrolment import LeadChoice
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.teams.models import Membership


class NameForm(forms.Form):
    """Asks for a name."""

    name = forms.CharField(max_length=255, required=False, help_text="Empty: the old one with “(copy)”.")


def enrol_form(campaign: Campaign) -> type[forms.Form]:
    """Which of the tenant's leads to enrol."""
    return type("EnrolForm", (LeadChoiceForm,), {"campaign": campaign})


class LeadChoiceForm(forms.Form):
    """Leads by stage, status, tag and owner; what is left open does not matter."""

    campaign: Campaign

    stages = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    statuses = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    tag = forms.CharField(max_length=100, required=False)
    owner = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = self.campaign.tenant_id
        stages = LeadStage.objects.filter(tenant=tenant_id).order_by("display_order")
        statuses = LeadStatus.objects.filter(tenant=tenant_id).order_by("label")
        self._choices("stages", list(stages.values_list("key", "label")))
        self._choices("statuses", list(statuses.values_list("key", "label")))
        members = Membership.objects.filter(tenant=tenant_id).select_related("user").order_by("user__email")
        self._choices("owner", [("", "Anybody"), *((str(each.user_id), str(each.user)) for each in members)])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    @staticmethod
    def choice(values: dict[str, Any]) -> LeadChoice:
        """What was entered."""
        return LeadChoice(
            stages=values["stages"],
            statuses=values["statuses"],
            tag=values["tag"].strip(),
            assigned_user_id=UUID(values["owner"]) if values["owner"] else None,
        )
