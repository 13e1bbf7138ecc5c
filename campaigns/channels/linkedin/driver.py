"""LinkedIn as a channel: each action is one request to the gateway or a few, none of which is repeated unseen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import LinkedinAccount, NetworkAccount
from campaigns.accounts.pacing import Limits
from campaigns.accounts.providers import UNIPILE
from campaigns.channels import protocol
from campaigns.channels.gateway import chats, posts
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.finding import Finder, find_all
from campaigns.channels.gateway.people import Recipient, known, look_up, resolve
from campaigns.channels.gateway.session import Act, Doing, GatewaySession
from campaigns.channels.linkedin.addresses import LINKEDIN_ADDRESS
from campaigns.channels.linkedin.invitations import find_invitation, find_withdrawal, invite, withdraw
from campaigns.channels.protocol import Found
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.messages.models import Action, Message
from leads.channels import Channel

NOT_CONNECTED: Final = (
    "The account and this person are not connected on LinkedIn, so LinkedIn takes no message. Invite them first."
)
NO_STORIES: Final = "LinkedIn has no stories. Take the step out of the campaign."


def _recipient(doing: Doing) -> Recipient:
    return resolve(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS)


def _visit(doing: Doing) -> Mapping[str, Any]:
    return _person_facts(look_up(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS, visits=True))


def _read_profile(doing: Doing) -> Mapping[str, Any]:
    return _person_facts(look_up(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS))


def _write(doing: Doing) -> Mapping[str, Any]:
    """Write to somebody who is connected, or who wrote first. Nobody else is written to, in no other way either."""
    recipient = _recipient(doing)
    if not (recipient.is_connected or recipient.wrote_at or (doing.message.lead_id is None and recipient.chat_id)):
        # The gateway may not have reported that they connected.
        recipient = look_up(doing.account, doing.gateway, doing.message, LINKEDIN_ADDRESS)
        if not recipient.is_connected:
            raise Refused(NOT_CONNECTED, "no_connection_with_recipient")
    return chats.write(doing, recipient)


def _follow(doing: Doing) -> Mapping[str, Any]:
    recipient = _recipient(doing)
    doing.gateway.follow(recipient.network_id)
    return _person_facts(recipient)


def _person_facts(recipient: Recipient) -> Mapping[str, Any]:
    return {"person_id": recipient.id}


ACTS: Final[Mapping[Action, Act]] = {
    Action.VISIT: _visit,
    Action.PROFILE: _read_profile,
    Action.INVITATION: invite,
    Action.WITHDRAWAL: withdraw,
    Action.MESSAGE: _write,
    Action.FOLLOW: _follow,
    Action.LIKE: lambda doing: posts.like(doing, _recipient(doing)),
    Action.COMMENT: lambda doing: posts.comment(doing, _recipient(doing)),
    Action.POST: posts.publish,
}


def _find_follow(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    if recipient is None:
        return Found.NOT_SENT
    followed = recipient.network_id in set(gateway.following())
    return Found.SENT if followed else Found.NOT_KNOWN


def _find_like(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    return posts.find_like(gateway, recipient, message) if recipient is not None else Found.NOT_SENT


def _find_comment(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    return posts.find_comment(gateway, recipient, message) if recipient is not None else Found.NOT_SENT


FINDERS: Final[Mapping[Action, Finder]] = {
    Action.INVITATION: find_invitation,
    Action.WITHDRAWAL: find_withdrawal,
    Action.MESSAGE: chats.find_message,
    Action.FOLLOW: _find_follow,
    Action.LIKE: _find_like,
    Action.COMMENT: _find_comment,
    Action.POST: lambda _account, gateway, message: posts.find_post(gateway, message),
}


class LinkedinDriver:
    """The driver of LinkedIn. Accounts are rows of LinkedinAccount."""

    channel = Channel.LINKEDIN
    provider = UNIPILE

    def open(self, account: LinkedinAccount) -> GatewaySession:
        """Return a session. Raises a GatewayError for an account that was never connected."""
        gateway_of(account)
        return GatewaySession(account, ACTS, "LinkedIn", {Action.STORY_VIEW: NO_STORIES})

    def find(self, account: LinkedinAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for what was lost: messages by their words, invitations among the open ones and the connections."""
        return find_all(account, messages, FINDERS)

    def limits(self, account: LinkedinAccount, *, zone: str, now: datetime) -> Limits:
        """Return no limit of its own: an account on a network is limited by its actions."""
        return Limits(allowed=0, used=0)


LINKEDIN: Final = LinkedinDriver()
protocol.register(LINKEDIN)
