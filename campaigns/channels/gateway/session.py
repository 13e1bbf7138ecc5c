"""A session at the gateway: nothing is opened, each action is one request or a few."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.results import result_of
from campaigns.channels.protocol import Fate, Result, Session
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import GatewayError
from campaigns.messages.models import Action, Message
from lad.tenancy.context import require_no_scope


@dataclass(frozen=True, slots=True)
class Doing:
    """One action of an account that is under way."""

    account: NetworkAccount
    gateway: Gateway
    message: Message


# Does the action and returns facts to keep. Raises a GatewayError.
Act = Callable[[Doing], Mapping[str, Any]]
CANNOT: Final = "LAD cannot do this on {network}: {action}. Change the step of the campaign."


class GatewaySession(Session):
    """Does what one account may do on a network. ``acts`` are the network's actions."""

    def __init__(
        self, account: NetworkAccount, acts: Mapping[Action, Act], network: str, honest: Mapping[Action, str]
    ) -> None:
        self.account = account
        self._acts = acts
        self._network = network
        # Why an action is not possible.
        self._honest = honest

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        """Do what the message asks for, once. Raises a GatewayError if the account cannot be used."""
        require_no_scope("The gateway is asked")
        action = Action(message.action)
        act = self._acts.get(action)
        if act is None:
            why = self._honest.get(action) or CANNOT.format(network=self._network, action=str(action.label).lower())
            return Result(Fate.REFUSED, why)
        try:
            facts = act(Doing(self.account, gateway_of(self.account), message))
        except GatewayError as error:
            return result_of(error, action.value)
        return Result(Fate.SENT, facts=facts)

    def close(self) -> None:
        """Nothing was opened."""
