"""Unsubscribe the recipient of a message, and undo it, for whoever holds the message's link."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.channels import effects
from campaigns.channels.effects import Happening, unsubscriptions_of
from campaigns.channels.email.links import LinkClaim
from campaigns.channels.email.receiving.words import likely_language
from campaigns.messages.models import Message, MessageEventKind
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.services import lift
from tenants.teams.models import Tenant

ONE_CLICK = "Button of the mail program"
BY_LINK = "Link in a message"
UNDONE = "Undone by the recipient"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a link is about, as its page shows it: the address is not shown whole."""

    sender: str
    sender_address: str
    address: str
    language: str
    is_unsubscribed: bool


def recipient_of(claim: LinkClaim) -> Recipient | None:
    """Return whom the link is about, or None if LAD has forgotten the message: nobody is written to then."""
    with tenant_context(claim.tenant_id):
        message = Message.objects.select_related("email_account").filter(pk=claim.message_id).first()
        if message is None:
            return None
        unsubscribed = unsubscriptions_of(message).exists()
    account = message.email_account
    with platform_context(tenant_id=claim.tenant_id):
        name = Tenant.all_objects.filter(pk=claim.tenant_id).values_list("name", flat=True).first()
    return Recipient(
        sender=name or (account.email if account else message.from_address),
        sender_address=account.email if account else message.from_address,
        address=_veiled(message.to_address),
        language=likely_language(message.body),
        is_unsubscribed=unsubscribed,
    )


def unsubscribe(claim: LinkClaim, *, source: str, at: datetime) -> None:
    """Put the recipient on the do-not-contact list for e-mail. Once more changes nothing."""
    with tenant_context(claim.tenant_id):
        message = _locked(claim)
        if message is None or unsubscriptions_of(message).exists():
            return
        effects.record([Happening(message, MessageEventKind.UNSUBSCRIBED, at, f"link {uuid7()}", {"source": source})])


def resubscribe(claim: LinkClaim) -> None:
    """Take the recipient off the do-not-contact list, as far as they asked for it themselves."""
    with tenant_context(claim.tenant_id):
        message = _locked(claim)
        for entry in unsubscriptions_of(message) if message is not None else ():
            lift(suppression=entry, reason=UNDONE)


def _locked(claim: LinkClaim) -> Message | None:
    rows = Message.objects.select_for_update(no_key=True, of=("self",))
    found: Message | None = rows.filter(pk=claim.message_id).first()
    return found


def _veiled(address: str) -> str:
    """Return the address so that its owner knows it and nobody else learns it: k…@northwind.example."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if name else ""
