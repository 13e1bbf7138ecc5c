"""Tell which accounts on networks lead to the sandbox, which reaches nobody."""

from typing import Final

from django.conf import settings

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.providers import UNIPILE
from campaigns.gateways.endpoints import endpoints

SANDBOX: Final = "Sandbox"


def is_sandbox(account: NetworkAccount) -> bool:
    """Return whether the account's provider is the sandbox."""
    if isinstance(account, ChannelAccount) and account.provider != UNIPILE:
        return bool(account.base_url) and endpoints.is_sandbox(account.base_url)
    return bool(settings.UNIPILE_BASE_URL) and endpoints.is_sandbox(settings.UNIPILE_BASE_URL)
