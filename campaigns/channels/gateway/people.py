"""Who a message is for: looked up once at the gateway, and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.accounts.models import NetworkAccount
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.gateways.unipile.records import Person
from campaigns.messages.models import Message
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import tenant_context

# What the network calls somebody in the address of their profile, from the address that LAD has.
NameOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody on a network. ``id`` is what messages go to, ``network_id`` what all else names."""

    id: str
    network_id: str
    chat_id: str = ""
    invitation_id: str = ""
    relation: str = Relation.NONE
    invited_at: datetime | None = None
    wrote_at: datetime | None = None

    @property
    def is_connected(self) -> bool:
        return self.relation == Relation.CONNECTED


@dataclass(frozen=True, slots=True)
class Address:
    """The people of one network: how they are called, and what to say if somebody has no profile there."""

    name_of: NameOf
    missing: str


def known(account: NetworkAccount, message: Message) -> Recipient | None:
    """Return what is known of the recipient, or None if they were never looked up. Opens a scope."""
    if message.lead_id is None:
        return _told(message)
    contact = _contact(account, message)
    return _recipient(contact) if contact is not None and contact.provider_id else None


def resolve(account: NetworkAccount, gateway: Gateway, message: Message, address: Address) -> Recipient:
    """Return the recipient, looked up at the gateway unless they are known. Raises a GatewayError.

    Somebody whose address was changed since is looked up again.
    """
    if message.lead_id is None and (told := _told(message)) is not None:
        return told
    contact = _contact(account, message)
    if contact is not None and contact.provider_id and not _has_moved(contact, address.name_of(message.to_address)):
        return _recipient(contact)
    return look_up(account, gateway, message, address)


def look_up(
    account: NetworkAccount, gateway: Gateway, message: Message, address: Address, *, visits: bool = False
) -> Recipient:
    """Read the recipient's profile and keep it. With ``visits`` they are told of the visit. Raises a GatewayError."""
    name = address.name_of(message.to_address)
    if not name and (found := known(account, message)) is not None:
        name = found.network_id
    if not name:
        raise Refused(address.missing, "no_profile")
    person = gateway.person(name, visits=visits)
    if not person.provider_id:
        raise Refused(address.missing, "no_profile")
    return keep(account, message, person, looked_up=name)


def keep(account: NetworkAccount, message: Message, person: Person, *, looked_up: str) -> Recipient:
    """Keep what the gateway says of the recipient. Opens a scope."""
    if message.lead_id is None:
        return Recipient(person.writable_id, person.provider_id, str(message.metadata.get("chat_id") or ""))
    values: dict[str, Any] = {
        "provider_id": person.writable_id,
        "profile": {**person.profile, "network_id": person.provider_id, "looked_up": looked_up},
        "looked_up_at": timezone.now(),
    }
    if person.is_connected:
        values["relation"] = Relation.CONNECTED
    elif person.is_invited:
        values["relation"] = Relation.INVITED
    with tenant_context(message.tenant_id):
        return _recipient(contacts.keep(account, message.lead_id, **values))


def _recipient(contact: NetworkContact) -> Recipient:
    return Recipient(
        id=contact.provider_id,
        network_id=str(contact.profile.get("network_id") or contact.provider_id),
        chat_id=contact.chat_id,
        invitation_id=contact.invitation_id,
        relation=contact.relation,
        invited_at=contact.invited_at,
        wrote_at=contact.last_inbound_at,
    )


def _told(message: Message) -> Recipient | None:
    """Return the recipient of a message to somebody who is no lead: whoever answers in the inbox names them."""
    person_id = str(message.metadata.get("person_id") or "")
    chat_id = str(message.metadata.get("chat_id") or "")
    return Recipient(person_id, person_id, chat_id) if person_id or chat_id else None


def _contact(account: NetworkAccount, message: Message) -> NetworkContact | None:
    if message.lead_id is None:
        return None
    with tenant_context(message.tenant_id):
        return contacts.contacts_of(account, [message.lead_id]).get(message.lead_id)


def _has_moved(contact: NetworkContact, name: str) -> bool:
    """Return whether the lead's address names somebody else than the one who was looked up."""
    looked_up = str(contact.profile.get("looked_up") or "")
    return bool(looked_up and name and name.casefold() != looked_up.casefold())
