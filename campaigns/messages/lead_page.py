"""Write to a lead from its page."""

from typing import Any

from django import forms
from django.http import HttpRequest

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.messages.templated import write_with_template
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad.admin.actions import row_action
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contacts.extensions import add_action
from leads.contacts.models import Lead


class WriteForm(forms.Form):
    """Asks what to write, and from where."""

    email_account = forms.ChoiceField(
        label="From", required=False, help_text="Empty means your own account, or the one the lead wrote to."
    )
    template = forms.ChoiceField(required=False, help_text="It gives what you leave empty below.")
    subject = forms.CharField(max_length=500, required=False, help_text="Empty continues the last conversation.")
    body = forms.CharField(label="Text", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 10}))


def write_form(lead: Lead) -> type[forms.Form]:
    """Return the form with the tenant's accounts and templates."""
    accounts = EmailAccount.objects.filter(tenant=lead.tenant_id, is_active=True, status__in=USABLE)
    templates = CommunicationTemplate.objects.filter(channel=Channel.EMAIL).exclude(category=SNIPPET)
    choices = {
        "email_account": [("", "Choose for me"), *((str(row.pk), str(row)) for row in accounts.order_by("email"))],
        "template": [("", "None"), *((str(row.pk), row.name) for row in templates.order_by("name"))],
    }
    fields = {
        name: forms.ChoiceField(
            choices=pairs,
            required=False,
            label=WriteForm.base_fields[name].label,
            help_text=WriteForm.base_fields[name].help_text,
        )
        for name, pairs in choices.items()
    }
    return type("WriteForm", (WriteForm,), fields)


@row_action(
    "Write",
    explanation="LAD sends it from your mailbox. Outreach waits for the lead’s hours; answers go at once.",
    form=write_form,
    permission="write",
    when=lambda row: not is_deleted(row) and bool(row.email),
    icon="edit",
)
def write(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    message = write_with_template(
        lead=row,
        actor=access_of(request).user,
        subject=values["subject"],
        body=values["body"],
        account=EmailAccount.objects.get(pk=values["email_account"]) if values["email_account"] else None,
        template=CommunicationTemplate.objects.get(pk=values["template"]) if values["template"] else None,
    )
    return f"“{message.subject}” waits to be sent from {message.email_account}."


add_action(write, rank=5, rights=("leads.view", "campaigns.update"), feature="campaigns")
