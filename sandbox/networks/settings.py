"""What tests and benchmarks tell the networks: the pace, shares of callbacks, and accounts' limits and webhooks."""

from typing import Any, Final

from sandbox.core import Core
from sandbox.deliveries import Deliveries, checked_shares
from sandbox.http import Problem

KEY_BEGINS: Final = "sandbox"
SETTING: Final = "networks"
ACCOUNT_VALUES: Final = {
    # {"invitation": {"day": 20, "week": 100}}; of actions as LAD calls them, and "note" for invitations with a note.
    "limits",
    # The status that a limit is answered with, unless it is the usual one.
    "limit_status",
    # Requests in a minute; more are answered with 429.
    "per_minute",
    # Where reports go, and the secret they are signed with (WhatsApp Cloud, Twilio).
    "webhook",
    "webhook_secret",
    # What the account may send from (Twilio), and the templates of a business account (WhatsApp).
    "numbers",
    "templates",
    # WhatsApp: whether what cannot be delivered is refused at once (sync) or reported later (status).
    "errors",
    # What WhatsApp says of a number: GREEN, YELLOW or RED; and how many people a day it may begin with.
    "quality",
    "tier",
}


class Settings:
    """One object in the storage."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def pace(self) -> float:
        """Return how much sooner late callbacks come."""
        return float(self._all().get("pace", 1))

    @property
    def shares(self) -> dict[str, float]:
        """Return how many callbacks in a hundred are lost, sent twice, late, or swapped with the next."""
        return dict(self._all().get("shares", {}))

    def set_callbacks(self, values: dict[str, Any]) -> None:
        """Set shares in a hundred, and the ``pace`` of late ones. Raises Problem."""
        pace = float(values.get("pace", self.pace))
        if not 0.01 <= pace <= 10_000:
            raise Problem(400, "The pace must be between 0.01 and 10,000.")
        shares = checked_shares({name: share for name, share in values.items() if name != "pace"})
        self._keep(shares=shares, pace=pace)

    def account(self, key: str) -> dict[str, Any]:
        """Return what was said of an account."""
        return dict(self._all().get("accounts", {}).get(key, {}))

    def set_account(self, key: str, values: dict[str, Any]) -> None:
        """Say something of an account: an id at the gateway, a phone number's id, a business account, or a SID."""
        if unknown := set(values) - ACCOUNT_VALUES:
            raise Problem(400, f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(ACCOUNT_VALUES))}")
        accounts = self._all().get("accounts", {})
        self._keep(accounts={**accounts, key: {**accounts.get(key, {}), **values}})

    def _all(self) -> dict[str, Any]:
        return self._core.storage.setting(SETTING) or {}

    def _keep(self, **values: Any) -> None:
        self._core.storage.set(SETTING, {**self._all(), **values})


def deliveries_of(core: Core, settings: Settings, protocol: str) -> Deliveries:
    """Return the callbacks of one protocol. All are logged as ``network_callback``."""
    return Deliveries(
        core, settings, name=f"{protocol}-network", subject="message", agent="sandbox-network", logs="network_callback"
    )
