"""WhatsApp through the gateway: a number of one's own, paired like a second device. It takes free text only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.pacing import Limits
from campaigns.accounts.providers import UNIPILE
from campaigns.channels import protocol
from campaigns.channels.gateway import chats
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.finding import Finder, find_all
from campaigns.channels.gateway.people import Recipient, known
from campaigns.channels.gateway.session import Act, Doing, GatewaySession
from campaigns.channels.protocol import Found
from campaigns.channels.receiving.people import address_key
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.messages.models import Action, Message
from campaigns.network_contacts import services as contacts
from lad.tenancy.context import tenant_context
from leads.channels import Channel

ENDING: Final = "@s.whatsapp.net"
NO_NUMBER: Final = "LAD knows no telephone number of this lead. Enter one on the lead's page."


def person_id(number: str) -> str:
    """Return what WhatsApp calls the owner of a number, or an empty string if it is none."""
    key = address_key(Channel.WHATSAPP, number)
    return f"{key.lstrip('+')}{ENDING}" if key else ""


def _write(doing: Doing) -> Mapping[str, Any]:
    return chats.write(doing, _recipient(doing))


def _recipient(doing: Doing) -> Recipient:
    """Return the recipient, whose number is their name on WhatsApp: nobody is looked up."""
    message = doing.message
    wanted = person_id(message.to_address)
    found = known(doing.account, message)
    if found is not None and (not wanted or found.id == wanted):
        return found
    if not wanted:
        raise Refused(NO_NUMBER, "no_profile")
    if message.lead_id is not None:
        # Before anything is sent, so that a message whose sender is lost can be looked for.
        with tenant_context(message.tenant_id):
            contacts.keep(doing.account, message.lead_id, provider_id=wanted)
    return Recipient(wanted, wanted)


def _find(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    return chats.find_message(account, gateway, message)


ACTS: Final[Mapping[Action, Act]] = {Action.MESSAGE: _write}
FINDERS: Final[Mapping[Action, Finder]] = {Action.MESSAGE: _find}


class WhatsappGatewayDriver:
    """The driver of WhatsApp numbers that are connected through the gateway. Accounts are rows of ChannelAccount."""

    channel = Channel.WHATSAPP
    provider = UNIPILE

    def open(self, account: ChannelAccount) -> GatewaySession:
        """Return a session. Raises a GatewayError for an account that was never connected."""
        gateway_of(account)
        return GatewaySession(account, ACTS, "WhatsApp", {})

    def find(self, account: ChannelAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for messages that were lost in the chats, by their words."""
        return find_all(account, messages, FINDERS)

    def limits(self, account: ChannelAccount, *, zone: str, now: datetime) -> Limits:
        """Return no limit of its own: an account on a network is limited by its actions."""
        return Limits(allowed=0, used=0)


WHATSAPP_GATEWAY: Final = WhatsappGatewayDriver()
protocol.register(WHATSAPP_GATEWAY)
