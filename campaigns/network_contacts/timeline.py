"""Connections with a lead in its timeline."""

from django.db.models import QuerySet

from campaigns.messages.wording import NETWORKS
from campaigns.network_contacts.models import NetworkContact
from leads.channels import Channel
from leads.contacts.extensions import Known, TimelineEntry, TimelineKind, add_timeline_source
from leads.contacts.models import Lead


def connections_of(lead: Lead) -> QuerySet[NetworkContact]:
    """Return the accounts that the lead has connected with."""
    rows = NetworkContact.objects.filter(tenant=lead.tenant_id, lead=lead.pk, connected_at__isnull=False)
    return rows.select_related("linkedin_account").only(
        "connected_at", "channel", "invited_at", "linkedin_account__user_id", "linkedin_account__account_name"
    )


def connection_entry(contact: NetworkContact, known: Known) -> TimelineEntry:
    network = NETWORKS[Channel(contact.channel)]
    account = contact.linkedin_account
    text = f"{known.lead} connected on {network}"
    if account is not None:
        who = known.user(account.user_id)
        text = f"{known.lead} connected with {who} on {network}"
        if contact.invited_at is not None:
            text = f"{known.lead} accepted the invitation of {who} on {network}"
    return TimelineEntry(icon="handshake", text=text, detail=account.account_name if account else "")


add_timeline_source(
    "connections",
    connections_of,
    connection_entry,
    kind=TimelineKind.CAMPAIGN,
    right="campaigns.view",
    feature="campaigns",
    at="connected_at",
    users=lambda contact: (contact.linkedin_account.user_id if contact.linkedin_account else None,),
)
