"""What tests and benchmarks tell the network: accounts' limits, numbers and webhooks, the pace, lost callbacks."""

from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from sandbox.core import Core
from sandbox.deliveries import Deliveries, checked_shares
from sandbox.http import Problem

KEY_BEGINS: Final = "sandbox"
TRUNK: Final = "ST_sandbox"
NUMBERS: Final = ("+442079460018", "+12125550143", "+4930901820", "+34911230000")
SETTING: Final = "voice"


def secret_of(key: str) -> str:
    """Return the secret of a LiveKit key of the sandbox. Long enough for its signatures."""
    return f"{key}-secret-that-opens-nothing-outside"


def number_id(number: str) -> str:
    """Return Vapi's id of a number."""
    return str(uuid5(NAMESPACE_DNS, f"{number}.sandbox"))


class Settings:
    """One object in the storage."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def pace(self) -> float:
        """Return how much faster than life calls go, speech included."""
        return float(self._all().get("pace", 1))

    def set_pace(self, pace: float) -> None:
        if not 0.01 <= pace <= 10_000:
            raise Problem(400, "The pace must be between 0.01 and 10,000.")
        self._keep(pace=pace)

    @property
    def shares(self) -> dict[str, float]:
        """Return how many callbacks in a hundred are lost, sent twice, late, or swapped with the next."""
        return dict(self._all().get("shares", {}))

    def set_shares(self, shares: dict[str, Any]) -> None:
        self._keep(shares=checked_shares(shares))

    def account(self, key: str) -> dict[str, Any]:
        """Return what was said of an account: its limits, its numbers, and its webhook with the secret."""
        return dict(self._all().get("accounts", {}).get(key, {}))

    def set_account(self, key: str, values: dict[str, Any]) -> None:
        if unknown := set(values) - {"concurrent", "per_second", "numbers", "webhook", "webhook_secret"}:
            raise Problem(400, f"unknown: {', '.join(sorted(unknown))}")
        accounts = self._all().get("accounts", {})
        self._keep(accounts={**accounts, key: {**accounts.get(key, {}), **values}})

    def numbers(self, key: str) -> list[str]:
        return list(self.account(key).get("numbers", NUMBERS))

    def _all(self) -> dict[str, Any]:
        return self._core.storage.setting(SETTING) or {}

    def _keep(self, **values: Any) -> None:
        self._core.storage.set(SETTING, {**self._all(), **values})


def deliveries_of(core: Core, settings: Settings) -> Deliveries:
    """Return the callbacks of both protocols."""
    return Deliveries(core, settings, name="voice", subject="call", agent="sandbox-carrier", logs="voice_callback")
