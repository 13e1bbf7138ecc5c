"""Instagram as a channel: follow, like, comment, write. What the gateway cannot do is refused with words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.pacing import Limits
from campaigns.accounts.providers import UNIPILE
from campaigns.channels import protocol
from campaigns.channels.gateway import chats, posts
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.finding import Finder, find_all
from campaigns.channels.gateway.people import Address, Recipient, known, look_up, resolve
from campaigns.channels.gateway.session import Act, Doing, GatewaySession
from campaigns.channels.protocol import Found
from campaigns.channels.receiving.people import address_key
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.messages.models import Action, Message
from leads.channels import Channel

NO_PROFILE: Final = "LAD knows no Instagram name of this lead. Enter it in the step or among the lead's profiles."
ADDRESS: Final = Address(lambda text: address_key(Channel.WEB, text), NO_PROFILE)
HONEST: Final = {
    Action.STORY_VIEW: "The gateway cannot watch stories on Instagram. Take the step out of the campaign.",
    Action.POST: "Instagram takes no post without a picture, and LAD cannot send one there yet.",
    Action.INVITATION: "Instagram has no invitations. Use a step that follows.",
    Action.WITHDRAWAL: "Instagram has no invitations, so there is none to withdraw.",
}


def _recipient(doing: Doing) -> Recipient:
    return resolve(doing.account, doing.gateway, doing.message, ADDRESS)


def _follow(doing: Doing) -> Mapping[str, Any]:
    recipient = _recipient(doing)
    try:
        doing.gateway.invite(recipient.network_id)
    except Refused as error:
        if not error.kind.startswith(("already_", "action_already")):
            raise
        return {"person_id": recipient.id, "already": True}
    return {"person_id": recipient.id}


def _look(doing: Doing) -> Mapping[str, Any]:
    return {"person_id": look_up(doing.account, doing.gateway, doing.message, ADDRESS).id}


ACTS: Final[Mapping[Action, Act]] = {
    Action.FOLLOW: _follow,
    Action.MESSAGE: lambda doing: chats.write(doing, _recipient(doing)),
    Action.LIKE: lambda doing: posts.like(doing, _recipient(doing)),
    Action.COMMENT: lambda doing: posts.comment(doing, _recipient(doing)),
    Action.PROFILE: _look,
}


def _find_follow(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    if recipient is None:
        return Found.NOT_SENT
    return Found.SENT if gateway.person(recipient.network_id).is_followed else Found.NOT_SENT


def _find_like(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    return posts.find_like(gateway, recipient, message) if recipient is not None else Found.NOT_SENT


def _find_comment(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    recipient = known(account, message)
    return posts.find_comment(gateway, recipient, message) if recipient is not None else Found.NOT_SENT


FINDERS: Final[Mapping[Action, Finder]] = {
    Action.FOLLOW: _find_follow,
    Action.MESSAGE: chats.find_message,
    Action.LIKE: _find_like,
    Action.COMMENT: _find_comment,
}


class InstagramDriver:
    """The driver of Instagram. Accounts are rows of ChannelAccount on the channel web."""

    channel = Channel.WEB
    provider = UNIPILE

    def open(self, account: ChannelAccount) -> GatewaySession:
        """Return a session. Raises a GatewayError for an account that was never connected."""
        gateway_of(account)
        return GatewaySession(account, ACTS, "Instagram", HONEST)

    def find(self, account: ChannelAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for what was lost: messages by their words, and whom the account follows."""
        return find_all(account, messages, FINDERS)

    def limits(self, account: ChannelAccount, *, zone: str, now: datetime) -> Limits:
        """Return no limit of its own: an account on a network is limited by its actions."""
        return Limits(allowed=0, used=0)


INSTAGRAM: Final = InstagramDriver()
protocol.register(INSTAGRAM)
