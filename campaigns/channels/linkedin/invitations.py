"""Invite people to connect, with a note and without, and withdraw invitations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.gateway.people import Recipient, known, look_up, resolve
from campaigns.channels.gateway.session import Doing
from campaigns.channels.linkedin.addresses import LINKEDIN_ADDRESS
from campaigns.channels.protocol import Found
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import LimitMet, Refused
from campaigns.gateways.unipile.refusals import LIMITS
from campaigns.messages.models import LOST_AT, Message
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import Relation
from lad.tenancy.context import tenant_context

MAX_NOTE: Final = 300
NOTE_TOO_LONG: Final = "The note has {length} characters. LinkedIn takes at most {most}. Shorten it in the step."
NOTE_LEFT_OUT: Final = "LinkedIn took no note from this account, so the invitation went without one."
ANSWERED_ALREADY: Final = (
    "This person has answered an invitation of the account, or it was withdrawn. LinkedIn takes another one after about"
    " three weeks."
)
NONE_OPEN: Final = "There is no open invitation to this person."
ACCEPTED: Final = "This person has accepted the invitation."
# Free accounts may add notes to few invitations, and shorter ones.
WITHOUT_NOTE: Final = frozenset({"too_many_characters", "content_too_large", "subscription_required"})
# LinkedIn refuses another invitation for about three weeks; this is certainly longer.
REFUSES_ANOTHER: Final = timedelta(days=31)
# Connections are listed by the time at which they were accepted.
CLOCKS_DIFFER: Final = timedelta(hours=1)


def invite(doing: Doing) -> Mapping[str, Any]:
    """Invite the person. One who is invited or connected already counts. Raises a GatewayError."""
    note = doing.message.body.strip()
    if len(note) > MAX_NOTE:
        raise Refused(NOTE_TOO_LONG.format(length=len(note), most=MAX_NOTE), "note_too_long")
    recipient = resolve(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS)
    if recipient.is_connected:
        return {"person_id": recipient.id, "relation": Relation.CONNECTED.value, "already": True}
    try:
        return {**_invited(doing, recipient, note), "person_id": recipient.id, "relation": Relation.INVITED.value}
    except Refused as error:
        if error.kind == "already_connected":
            return _connected(doing, recipient)
        if not error.kind.startswith("already_invited"):
            raise
        return _invited_before(doing)


def withdraw(doing: Doing) -> Mapping[str, Any]:
    """Withdraw the open invitation to the person. Raises a GatewayError."""
    recipient = resolve(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS)
    if recipient.is_connected:
        raise Refused(ACCEPTED, "already_connected")
    invitation_id = recipient.invitation_id or open_invitation(doing.gateway, recipient)
    if not invitation_id:
        raise Refused(NONE_OPEN, "resource_not_found")
    doing.gateway.withdraw(invitation_id)
    return {"person_id": recipient.id, "relation": Relation.WITHDRAWN.value}


def open_invitation(gateway: Gateway, recipient: Recipient) -> str:
    """Return the id of the open invitation to somebody, or an empty string. Raises a GatewayError."""
    sent = (each for each in gateway.sent_invitations() if each.provider_id == recipient.network_id)
    return next((each.id for each in sent), "")


def find_invitation(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    """Look for an invitation among those that are open, and among new connections. Raises a GatewayError."""
    recipient = known(account, message)
    if recipient is None:
        # Whoever was never looked up was never invited.
        return Found.NOT_SENT
    invitation_id = open_invitation(gateway, recipient)
    since = (message.begun_at or message.created_at) - CLOCKS_DIFFER
    if invitation_id:
        _keep(account, message, relation=Relation.INVITED, invitation_id=invitation_id, invited_at=timezone.now())
        return Found.SENT
    for connection in gateway.connections():
        if connection.since is not None and connection.since < since:
            break
        if connection.provider_id == recipient.network_id:
            _keep(account, message, relation=Relation.CONNECTED)
            return Found.SENT
    return Found.NOT_SENT


def find_withdrawal(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    """Return whether the invitation is not open any more. Raises a GatewayError."""
    recipient = known(account, message)
    if recipient is None:
        return Found.NOT_KNOWN
    return Found.NOT_SENT if open_invitation(gateway, recipient) else Found.SENT


def _invited(doing: Doing, recipient: Recipient, note: str) -> dict[str, Any]:
    """Invite with the note, and without it if the account may add none. Return the facts."""
    try:
        invitation_id = doing.gateway.invite(recipient.network_id, note)
    except (LimitMet, Refused) as error:
        # Each answer is certain: nothing was sent.
        may_go_without = error.kind in WITHOUT_NOTE or (isinstance(error, LimitMet) and error.kind in LIMITS)
        if not note or not may_go_without:
            raise
        invitation_id = doing.gateway.invite(recipient.network_id)
        return {"invitation_id": invitation_id, "note_left_out": NOTE_LEFT_OUT}
    return {"invitation_id": invitation_id} if invitation_id else {}


def _connected(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    _keep(doing.account, doing.message, relation=Relation.CONNECTED)
    return {"person_id": recipient.id, "relation": Relation.CONNECTED.value, "already": True}


def _invited_before(doing: Doing) -> Mapping[str, Any]:
    """Return the facts of an invitation that is open already. Raises Refused if it was answered or withdrawn.

    If the answer to an earlier attempt was lost, and the person declined before LAD looked, no list shows the
    invitation any more. LinkedIn's refusal of another one then proves that it was sent.
    """
    now = look_up(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS)
    if now.is_connected:
        return _connected(doing, now)
    invitation_id = open_invitation(doing.gateway, now) if now.relation == Relation.INVITED else ""
    if not invitation_id and not _was_sent_unheard(doing.message, now):
        raise Refused(ANSWERED_ALREADY, "already_invited_recently")
    return {
        "person_id": now.id,
        "invitation_id": invitation_id,
        "relation": Relation.INVITED.value,
        "already": True,
    }


def _was_sent_unheard(message: Message, recipient: Recipient) -> bool:
    """Return whether the invitation that LinkedIn remembers is that of an attempt whose answer was lost."""
    known = recipient.invited_at
    return LOST_AT in message.metadata and (known is None or known < timezone.now() - REFUSES_ANOTHER)


def _keep(account: NetworkAccount, message: Message, **values: Any) -> None:
    if message.lead_id is not None:
        with tenant_context(message.tenant_id):
            contacts.keep(account, message.lead_id, **values)
