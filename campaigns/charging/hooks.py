"""Let features above react when the credit of campaigns has ended."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

CreditHook = Callable[[Mapping[UUID, str]], None]

_credit_ended: Final[list[CreditHook]] = []


def on_credit_ended(hook: CreditHook) -> CreditHook:
    """Call ``hook`` with the campaigns whose next message cannot be paid, each with the reason, in their tenant."""
    _credit_ended.append(hook)
    return hook


def credit_ended(campaigns: Mapping[UUID, str]) -> None:
    """Tell the features above that the next message of these campaigns cannot be paid."""
    for hook in _credit_ended:
        hook(campaigns)
