"""Join conversations and leads: somebody who becomes a lead, and leads that change hands."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db.models import Q

from campaigns.inbox.changes import tell_pages
from campaigns.inbox.models import Conversation, ConversationState
from campaigns.inbox.services import keeping
from campaigns.messages.models import Message
from lad import writes
from lad.errors import Conflict, Invalid
from lad.types import Actor
from leads.channels import Channel
from leads.contacts.models import Lead
from tenants.accounts.models import User

BY_PHONE: Final = (Channel.WHATSAPP, Channel.SMS, Channel.VOICE)
NO_FIELD: Final = "LAD cannot keep this address on a lead. Choose the lead that it belongs to instead."


class AlreadyALead(Conflict):
    """This conversation belongs to a lead already."""

    code = "already_a_lead"


def follow_assignment(*, lead_id: UUID, before: UUID | None, after: UUID | None) -> None:
    """Assign the lead's conversation to the lead's new owner, unless a third person has taken it."""
    rows = Conversation.objects.filter(Q(assigned_to__isnull=True) | Q(assigned_to=before), lead=lead_id)
    for row in rows.select_for_update(no_key=True):
        writes.update(row, {"assigned_to": _user(after)})
        tell_pages(row.tenant_id, [row.pk])


def link_leads(leads: Sequence[Lead]) -> int:
    """Give conversations with addresses of no lead to the leads that have these addresses. Return how many."""
    by_address = {address: lead for lead in leads for address in addresses_of(lead)}
    if not by_address:
        return 0
    found = Conversation.objects.filter(lead__isnull=True, address__in=by_address)
    matching = [row for row in found if by_address[row.address] is not None and _fits(row, by_address[row.address])]
    for row in matching:
        link(conversation=row, lead=by_address[row.address])
    return len(matching)


@writes.in_transaction
def link(*, conversation: Conversation, lead: Lead) -> Conversation:
    """Give the conversation with somebody to a lead and return the lead's. Raises AlreadyALead.

    A lead who has a conversation already gets the messages into that one.
    """
    row = Conversation.objects.select_for_update(no_key=True).filter(pk=conversation.pk).first()
    if row is None or row.lead_id is not None:
        raise AlreadyALead
    own = Q(from_address=row.address) | Q(to_address=row.address)
    Message.objects.filter(own, lead__isnull=True, channel=row.channel).update(lead=lead)
    kept = Conversation.objects.select_for_update(no_key=True).filter(lead=lead.pk).first()
    if kept is None:
        owner = row.assigned_to_id or lead.assigned_user_id
        Conversation.objects.filter(pk=row.pk).update(lead=lead, channel="", address="", name="", assigned_to=owner)
    elif row.unread_count:
        opened = {"state": ConversationState.OPEN, "closed_at": None, "snoozed_until": None}
        Conversation.objects.filter(pk=kept.pk).update(unread_count=kept.unread_count + row.unread_count, **opened)
    keeping.repeat(tenant_id=row.tenant_id, lead_ids=[lead.pk])
    if kept is not None:
        if row.label and not kept.label:
            told = ("label", "label_source", "label_reason", "labelled_at")
            Conversation.objects.filter(pk=kept.pk).update(**{name: getattr(row, name) for name in told})
        row.delete()
    joined: Conversation = Conversation.objects.get(lead=lead.pk)
    tell_pages(row.tenant_id, [row.pk, joined.pk])
    return joined


@writes.in_transaction
def make_lead(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Make a lead of somebody who wrote and return the lead's conversation. Raises AlreadyALead or Invalid."""
    if conversation.lead_id is not None:
        raise AlreadyALead
    first, _space, last = conversation.name.partition(" ")
    values = {"first_name": first or conversation.address, "last_name": last, "source": "inbox"}
    lead = writes.create(Lead, {**values, **_contact(conversation)}, actor=actor)
    return link(conversation=conversation, lead=lead)


def addresses_of(lead: Lead) -> list[str]:
    """Return the addresses by which messages name a lead, numbers with and without a plus sign."""
    number = str(lead.phone).strip()
    found = [lead.email.lower(), number, number.removeprefix("+"), lead.linkedin_url]
    return [each for each in dict.fromkeys(found) if each]


def _fits(row: Conversation, lead: Lead) -> bool:
    """Return whether the address is the lead's on this channel: a number is no e-mail address."""
    if row.channel == Channel.EMAIL:
        return row.address == lead.email.lower()
    if row.channel in BY_PHONE:
        return row.address.removeprefix("+") == str(lead.phone).removeprefix("+")
    return row.address == lead.linkedin_url


def _contact(row: Conversation) -> dict[str, str]:
    if row.channel == Channel.EMAIL:
        return {"email": row.address}
    if row.channel in BY_PHONE:
        return {"phone": row.address if row.address.startswith("+") else f"+{row.address}"}
    if row.channel == Channel.LINKEDIN and row.address.startswith("http"):
        return {"linkedin_url": row.address}
    raise Invalid(errors={"lead": [NO_FIELD]})


def _user(key: UUID | None) -> User | None:
    found: User | None = User.objects.filter(pk=key).first() if key else None
    return found
