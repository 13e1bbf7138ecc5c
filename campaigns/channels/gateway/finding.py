"""Look for what an account did whose sender was lost. What cannot be known is said to be unknown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from campaigns.accounts.models import AccountStatus, NetworkAccount
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.protocol import Found
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import LimitMet, Refused
from campaigns.messages.models import Action, Message
from lad.tenancy.context import require_no_scope

Finder = Callable[[NetworkAccount, Gateway, Message], Found]
# Reading again changes nothing, so whoever was lost may begin again.
REPEATABLE: Final = (Action.PROFILE,)


def find_all(
    account: NetworkAccount, messages: Sequence[Message], finders: Mapping[Action, Finder]
) -> Mapping[UUID, Found]:
    """Return what became of messages, by their ids. Raises a GatewayError if looking is impossible now.

    While the account is not active the gateway may know less than the network, so that its silence says nothing.
    """
    require_no_scope("The gateway is asked")
    gateway = gateway_of(account)
    found: dict[UUID, Found] = {}
    for message in messages:
        found[message.pk] = _find(account, gateway, message, finders)
        if found[message.pk] == Found.NOT_SENT and account.status != AccountStatus.ACTIVE:
            found[message.pk] = Found.NOT_KNOWN
    return found


def _find(account: NetworkAccount, gateway: Gateway, message: Message, finders: Mapping[Action, Finder]) -> Found:
    action = Action(message.action)
    if action in REPEATABLE:
        return Found.NOT_SENT
    finder = finders.get(action)
    if finder is None:
        return Found.NOT_KNOWN
    try:
        return finder(account, gateway, message)
    except (Refused, LimitMet):
        return Found.NOT_KNOWN
