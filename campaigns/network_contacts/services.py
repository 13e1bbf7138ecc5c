"""Keep what is known of leads on networks, and tell the features above when somebody connects."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.network_contacts.models import NetworkContact, Relation
from leads.channels import Channel

ContactsHook = Callable[[Sequence[NetworkContact]], None]
# What a later time replaces and an earlier one does not: reports come in any order.
LATEST: Final = ("last_inbound_at", "invited_at", "looked_up_at")
# Results and reports come in any order: who is connected was not invited afterwards.
BEFORE_CONNECTED: Final = (Relation.NONE, Relation.INVITED, Relation.WITHDRAWN)
ANOTHER_PERSON: Final[dict[str, Any]] = {
    "chat_id": "",
    "relation": Relation.NONE,
    "invitation_id": "",
    "invited_at": None,
    "connected_at": None,
    "last_inbound_at": None,
    "profile": {},
}

_connected: Final[list[ContactsHook]] = []


def on_connected(hook: ContactsHook) -> ContactsHook:
    """Call ``hook`` with contacts that have just connected, each once, in the transaction that records it."""
    _connected.append(hook)
    return hook


def contacts_of(account: NetworkAccount, lead_ids: Sequence[UUID]) -> dict[UUID, NetworkContact]:
    """Return what is known of the leads from this account, by lead, in one statement."""
    return {contact.lead_id: contact for contact in of_account(account).filter(lead__in=lead_ids)} if lead_ids else {}


def of_account(account: NetworkAccount) -> QuerySet[NetworkContact]:
    """Return all that is known from this account."""
    rows: QuerySet[NetworkContact] = NetworkContact.objects.filter(**{account.message_column: account.pk})
    return rows


@transaction.atomic
def keep(account: NetworkAccount, lead_id: UUID, **values: Any) -> NetworkContact:
    """Keep what was found out about a lead: ``provider_id``, ``chat_id``, ``relation``, ``profile`` and so on.

    Who is connected stays connected, whatever is reported late; only ``blocked`` ends it. A time that is earlier than
    the known one, and an empty id, change nothing. Another ``provider_id`` means another person.
    """
    contact = _locked(account, lead_id)
    new = {name: value for name, value in values.items() if _is_news(contact, name, value)}
    if contact.provider_id and new.get("provider_id"):
        # Another person stands behind the lead now; what is known of the one before means nothing.
        new = {**ANOTHER_PERSON, **values}
    connects = new.get("relation") == Relation.CONNECTED
    if connects and new.get("connected_at", contact.connected_at) is None:
        new["connected_at"] = timezone.now()
    if new:
        NetworkContact.objects.filter(pk=contact.pk).update(**new)
        for name, value in new.items():
            setattr(contact, name, value)
    if connects:
        _tell([contact])
    return contact


@transaction.atomic
def record_connected(account: NetworkAccount, people: Mapping[str, datetime]) -> list[NetworkContact]:
    """Record that people, by their ids at the provider, are connected since a time. Each counts once.

    The report may come from a webhook, a new chat or a slow poll, in any order and repeatedly. Return the new ones.
    """
    known = of_account(account).filter(provider_id__in=[each for each in people if each])
    waiting = known.exclude(relation=Relation.CONNECTED).order_by("pk").select_for_update(no_key=True)
    new = list(waiting)
    for contact in new:
        contact.relation, contact.connected_at = Relation.CONNECTED, people[contact.provider_id]
        NetworkContact.objects.filter(pk=contact.pk).update(
            relation=contact.relation, connected_at=contact.connected_at
        )
    _tell(new)
    return new


def channel_of(account: NetworkAccount) -> Channel:
    """Return the channel of an account on a network."""
    return Channel(account.channel) if isinstance(account, ChannelAccount) else Channel.LINKEDIN


def _locked(account: NetworkAccount, lead_id: UUID) -> NetworkContact:
    row = NetworkContact(
        tenant_id=account.tenant_id,
        lead_id=lead_id,
        channel=channel_of(account),
        **{f"{account.message_column}_id": account.pk},
    )
    NetworkContact.objects.bulk_create([row], ignore_conflicts=True)
    return of_account(account).select_for_update(no_key=True).get(lead=lead_id)


def _is_news(contact: NetworkContact, name: str, value: Any) -> bool:
    known = getattr(contact, name)
    if name == "relation":
        was_connected = known == Relation.CONNECTED and value in BEFORE_CONNECTED
        return bool(known != value and not was_connected)
    if name in LATEST:
        return bool(value is not None and (known is None or known < value))
    return bool(known != value and (value or name == "profile"))


def _tell(contacts: Sequence[NetworkContact]) -> None:
    if contacts:
        for hook in _connected:
            hook(contacts)
