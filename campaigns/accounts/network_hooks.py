"""Tell the features above that an account on a network was connected."""

from collections.abc import Callable
from typing import Final

from campaigns.accounts.models import NetworkAccount

ConnectedHook = Callable[[NetworkAccount, bool], None]

_connected: Final[list[ConnectedHook]] = []


def on_account_connected(hook: ConnectedHook) -> ConnectedHook:
    """Call ``hook(account, again)`` in the transaction that records that an account was connected.

    ``again`` says that it was connected before, so that something may have happened meanwhile.
    """
    _connected.append(hook)
    return hook


def connected(account: NetworkAccount, *, again: bool) -> None:
    """Tell the hooks that the account was connected."""
    for hook in _connected:
        hook(account, again)
