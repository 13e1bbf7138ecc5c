"""The form of a new campaign: its name, and whom it is for."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, QueryDict

from campaigns.editor.library import StepSequence, count_leads, linkedin_choices
from campaigns.enrolment.services.enrolment import LeadChoice
from lad.errors import Invalid
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contacts.models import Lead
from leads.pipeline.admin.choices import member_choices
from leads.pipeline.selectors import stage_choices, status_choices

MOST_TAGS: Final = 200
# Rows that are looked at for tags.
ROWS_LOOKED_AT: Final = 5_000
ON_CHANNEL: Final = {
    Channel.EMAIL: "by e-mail",
    Channel.LINKEDIN: "on LinkedIn",
    Channel.WHATSAPP: "on WhatsApp",
    Channel.SMS: "by SMS",
    Channel.VOICE: "by phone",
}
NOBODY_YET: Final = "Nobody yet. Leads can be enrolled later."


class NewCampaignForm(forms.Form):
    """Asks for a name and for leads by stage, status, tag or person. Without any choice nobody is enrolled yet."""

    name = forms.CharField(max_length=255)
    stages = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    tag = forms.ChoiceField(required=False)
    statuses = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    assigned_user = forms.ChoiceField(label="Assigned to", required=False)
    accounts = forms.MultipleChoiceField(label="LinkedIn accounts", widget=forms.CheckboxSelectMultiple, required=False)

    @classmethod
    def of(
        cls, request: HttpRequest, sequence: StepSequence | None, data: QueryDict | None = None
    ) -> "NewCampaignForm":
        """Return the form with the tenant's choices, bound to what was sent."""
        access = access_of(request)
        assert access.tenant_id is not None  # the pages ask for a tenant first
        sent = data if data is not None else (request.POST if request.method == "POST" else None)
        form = cls(sent, initial={"name": sequence.name if sequence else ""})
        form._offer(access.tenant_id, access.user.pk, sequence)
        return form

    def _offer(self, tenant_id: UUID, user_id: UUID, sequence: StepSequence | None) -> None:
        self._set("stages", stage_choices(tenant_id))
        self._set("statuses", sorted(status_choices(tenant_id), key=lambda pair: pair[1]))
        self._set("assigned_user", [("", "Anybody"), *member_choices(tenant_id)])
        self._set("tag", [("", "Any tag"), *((tag, tag) for tag in _tags(tenant_id))])
        rows = linkedin_choices(tenant_id) if sequence and Channel.LINKEDIN in sequence.channels else []
        if not rows:
            del self.fields["accounts"]
            return
        own = [str(row.pk) for row in rows if row.user_id == user_id]
        self._set("accounts", [(str(row.pk), str(row)) for row in rows])
        self.fields["accounts"].initial = own or [str(rows[0].pk)]

    def _set(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def choice(self) -> LeadChoice | None:
        """Return the chosen leads; None if nothing was chosen."""
        values = self.cleaned_data
        assigned = values.get("assigned_user")
        chosen = LeadChoice(
            stages=values.get("stages", ()),
            statuses=values.get("statuses", ()),
            tag=values.get("tag", ""),
            assigned_user_id=UUID(assigned) if assigned else None,
        )
        try:
            chosen.condition()
        except Invalid:
            return None
        return chosen

    def linkedin_accounts(self) -> list[UUID]:
        """Return the chosen accounts."""
        return [UUID(key) for key in self.cleaned_data.get("accounts", ())]


def lead_count_words(form: NewCampaignForm, tenant_id: UUID | None, sequence: StepSequence | None) -> str:
    """Return in a sentence how many leads the form chooses."""
    choice = form.choice()
    if choice is None or tenant_id is None:
        return NOBODY_YET
    found = count_leads(tenant_id=tenant_id, choice=choice, channels=sequence.channels if sequence else [])
    words = "1 lead" if found.leads == 1 else f"{found.leads:,} leads"
    parts = [f"{number:,} {ON_CHANNEL.get(Channel(key), '')}" for key, number in found.by_channel.items()]
    left = found.leads - found.reachable
    reached = f" Reachable: {', '.join(parts)}." if parts and found.leads else ""
    return f"{words}.{reached}" + (f" {left:,} have no address and are left out." if left else "")


def _tags(tenant_id: UUID) -> list[str]:
    """Return the tags of the leads that were active last, by name."""
    rows = Lead.objects.filter(tenant=tenant_id, is_archived=False).exclude(tags=[]).order_by("-last_activity_on")
    found = {tag for tags in rows.values_list("tags", flat=True)[:ROWS_LOOKED_AT] for tag in tags}
    return sorted(found, key=str.lower)[:MOST_TAGS]
