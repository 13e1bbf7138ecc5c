"""Read at the gateway what it has not reported: messages of a gap, new connections, invitations that are open.

Everything is recorded as if it had been reported, so what was reported already changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Min
from django.utils import timezone

from campaigns.accounts.models import LinkedinAccount, NetworkAccount
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.reports import address_of
from campaigns.channels.incoming import Incoming, record_incoming
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.gateways.unipile.records import ChatMessage, SentInvitation
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import Relation
from campaigns.network_contacts.services import channel_of, of_account, record_connected
from lad.tenancy.context import require_no_scope, tenant_context
from leads.channels import Channel

# A report may come as much later than what it tells of.
OVERLAP: Final = timedelta(hours=1)
# Connections are reported up to eight hours late, and listed by when they were accepted.
LATE_CONNECTIONS: Final = timedelta(days=2)
# An invitation that was sent just now may not be listed yet.
SETTLED: Final = timedelta(hours=12)
BATCH_SIZE: Final = 100

log = structlog.get_logger("lad.campaigns.gateway")


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What was new: messages, connections, and invitations that nobody knew of or that ended."""

    messages: int = 0
    connections: int = 0
    invitations: int = 0


def catch_up(account: NetworkAccount) -> CaughtUp:
    """Read what happened since the account was last read, and return what was new. Call it outside any scope.

    Raises a GatewayError; what was read until then stays recorded, and the next run reads all of it again.
    """
    require_no_scope("The gateway is asked")
    began, gateway = timezone.now(), gateway_of(account)
    messages = _messages(account, gateway)
    connections = invitations = 0
    if isinstance(account, LinkedinAccount):
        connections = _connections(account, gateway)
        invitations = _invitations(account, gateway)
    with tenant_context(account.tenant_id):
        type(account)._default_manager.filter(pk=account.pk).update(caught_up_at=began)
    account.caught_up_at = began
    found = CaughtUp(messages, connections, invitations)
    log.info("account caught up", account=str(account.pk), messages=messages, connections=connections)
    return found


def _messages(account: NetworkAccount, gateway: Gateway) -> int:
    """Record the messages since the account was read last. Those before it was connected are nobody's business."""
    since = (account.caught_up_at or account.created_at) - OVERLAP
    people = _People(account, gateway)
    found = [each for each in gateway.messages_since(since) if each.id and each.at is not None]
    new = 0
    for number in range(0, len(found), BATCH_SIZE):
        # The oldest first, as they would have been reported.
        batch = [*reversed(found)][number : number + BATCH_SIZE]
        incoming = [one for each in batch if (one := people.incoming(each)) is not None]
        with tenant_context(account.tenant_id):
            new += len(record_incoming(account, incoming))
    return new


class _People:
    """Who the messages of an account are with. Chats are asked about only where nothing else says it."""

    def __init__(self, account: NetworkAccount, gateway: Gateway) -> None:
        self._account, self._gateway = account, gateway
        self._channel: Channel = channel_of(account)
        self._by_chat: dict[str, str] = {}

    def incoming(self, message: ChatMessage) -> Incoming | None:
        """Return the message as it would have been reported, or None for one in a group."""
        person_id = self._other(message.chat_id) if message.is_own else message.sender_id
        if not person_id or message.at is None:
            return None
        return Incoming(
            channel=self._channel,
            provider_id=message.id,
            text=message.text,
            at=message.at,
            person_id=person_id,
            address=address_of(self._channel, {"id": person_id}),
            chat_id=message.chat_id,
            is_own=message.is_own,
        )

    def _other(self, chat_id: str) -> str:
        if chat_id not in self._by_chat:
            self._by_chat[chat_id] = self._known(chat_id) or self._asked(chat_id)
        return self._by_chat[chat_id]

    def _known(self, chat_id: str) -> str:
        with tenant_context(self._account.tenant_id):
            rows = of_account(self._account).filter(chat_id=chat_id).exclude(provider_id="")
            return str(rows.values_list("provider_id", flat=True).first() or "")

    def _asked(self, chat_id: str) -> str:
        try:
            others = self._gateway.attendees_of(chat_id)
        except Refused:
            return ""
        return others[0] if len(others) == 1 else ""


def _connections(account: LinkedinAccount, gateway: Gateway) -> int:
    """Record new connections, the newest first until those that cannot be news."""
    with tenant_context(account.tenant_id):
        open_invitations = of_account(account).filter(relation=Relation.INVITED)
        oldest = open_invitations.aggregate(oldest=Min("invited_at"))["oldest"]
        if oldest is None and not open_invitations.exists():
            return 0
    floor = oldest
    if account.caught_up_at is not None:
        floor = max(filter(None, (oldest, account.caught_up_at - LATE_CONNECTIONS)))
    people: dict[str, datetime] = {}
    for connection in gateway.connections():
        if floor is not None and connection.since is not None and connection.since < floor - OVERLAP:
            break
        people[connection.provider_id] = connection.since or timezone.now()
    with tenant_context(account.tenant_id):
        return len(record_connected(account, people))


def _invitations(account: LinkedinAccount, gateway: Gateway) -> int:
    """Keep which invitations are open: ids that got lost, and invitations that ended without an acceptance."""
    with tenant_context(account.tenant_id):
        known = {
            contact.provider_id: contact
            for contact in of_account(account).exclude(provider_id="").exclude(relation=Relation.CONNECTED)
            if contact.relation == Relation.INVITED or not contact.invitation_id
        }
    if not known:
        return 0
    sent = {each.provider_id: each for each in gateway.sent_invitations()}
    changed = 0
    with tenant_context(account.tenant_id):
        for person_id, contact in known.items():
            values = _changes(contact.relation, contact.invitation_id, contact.invited_at, sent.get(person_id))
            if values:
                contacts.keep(account, contact.lead_id, **values)
                changed += 1
    return changed


def _changes(
    relation: str, invitation_id: str, invited_at: datetime | None, sent: SentInvitation | None
) -> Mapping[str, object]:
    if sent is not None and (relation != Relation.INVITED or invitation_id != sent.id):
        return {"relation": Relation.INVITED, "invitation_id": sent.id, "invited_at": sent.sent_at or timezone.now()}
    if sent is None and relation == Relation.INVITED and invited_at and invited_at < timezone.now() - SETTLED:
        # It was ignored for good, or withdrawn by hand. An acceptance would have been listed.
        return {"relation": Relation.NONE}
    return {}
