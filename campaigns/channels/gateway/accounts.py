"""Accounts at the gateway."""

from typing import Final

from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import AccountTrouble

NOT_CONNECTED: Final = "This account is not connected. Connect it on its page."


def gateway_id(account: NetworkAccount) -> str:
    """Return what the gateway calls the account; empty if it is not connected."""
    if isinstance(account, LinkedinAccount):
        return account.unipile_account_id
    return account.provider_account_id if isinstance(account, ChannelAccount) else ""


def gateway_of(account: NetworkAccount) -> Gateway:
    """Return the gateway for the account. Raises AccountTrouble if it was never connected."""
    known = gateway_id(account)
    if not known:
        raise AccountTrouble(NOT_CONNECTED, AccountStatus.DISCONNECTED)
    return Gateway(known)
