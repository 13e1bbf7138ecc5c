"""Let nobody try many passwords or codes: the network would close the account."""

from typing import Final

from campaigns.accounts.models import NetworkAccount
from lad.api.throttling import seconds_to_wait
from lad.errors import Throttled

SCOPE: Final = "connect"


def require_few_attempts(account: NetworkAccount) -> None:
    """Count an attempt to connect the account. Raises Throttled after too many."""
    if wait := seconds_to_wait(SCOPE, f"account:{account.pk}"):
        raise Throttled("Too many attempts to connect this account. Wait before the next one.", retry_after=wait)
