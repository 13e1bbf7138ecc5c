"""Read accounts regularly, every day of the week: reports get lost, and come late."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.accounts import network_status
from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.providers import TWILIO, UNIPILE
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.gateway import catching_up as gateway
from campaigns.channels.sms import catching_up as sms
from campaigns.gateways.unipile.errors import GatewayError
from lad.tenancy.context import platform_context, tenant_context


@dataclass(frozen=True, slots=True)
class Reader:
    """How the accounts of a provider are read. A random part of ``spread`` is added to each pause."""

    catch_up: Callable[[Any], object]
    pause: timedelta
    spread: timedelta


READERS: Final[Mapping[str, Reader]] = {
    # The networks behind it watch how often somebody looks.
    UNIPILE: Reader(gateway.catch_up, timedelta(hours=3), timedelta(hours=2)),
    # Twilio reports a message once, whatever it is answered.
    TWILIO: Reader(sms.catch_up, timedelta(minutes=10), timedelta(minutes=5)),
}
# While somebody reads, nobody else does.
LEASE: Final = timedelta(minutes=15)
AFTER_TROUBLE: Final = timedelta(minutes=20)
# Claimed at once.
MOST_ACCOUNTS: Final = 20
# The task runs every five minutes.
POLL_SECONDS: Final = 240.0

log = structlog.get_logger("lad.campaigns.polling")


def poll_due(*, seconds: float = POLL_SECONDS) -> int:
    """Read the accounts that are due, a few at a time, until none is left or the time is up. Return how many."""
    deadline, read = time.monotonic() + seconds, 0
    while time.monotonic() < deadline and (accounts := _claimed()):
        read += sum(_poll(account) for account in accounts)
    return read


def _claimed() -> list[NetworkAccount]:
    due = Q(next_poll_at__isnull=True) | Q(next_poll_at__lte=Now())
    claimed: list[NetworkAccount] = []
    with platform_context():
        for rows in (
            LinkedinAccount.objects.filter(provider=UNIPILE).exclude(unipile_account_id=""),
            ChannelAccount.objects.filter(provider__in=READERS).exclude(provider_account_id=""),
        ):
            usable = rows.filter(due, is_active=True, status=AccountStatus.ACTIVE)
            found = usable.order_by("next_poll_at").select_for_update(no_key=True, skip_locked=True)[:MOST_ACCOUNTS]
            accounts: list[NetworkAccount] = list(found)
            _wait(accounts, LEASE)
            claimed += accounts
    return claimed


def _poll(account: NetworkAccount) -> bool:
    reader = READERS[account.provider if isinstance(account, ChannelAccount) else UNIPILE]
    try:
        reader.catch_up(account)
    except (GatewayError, AccountTrouble) as error:
        log.warning("account not read", account=str(account.pk), reason=error.code)
        with tenant_context(account.tenant_id):
            if error.account_status != AccountStatus.ACTIVE:
                network_status.record(account, error.account_status, error.detail)
            _wait([account], AFTER_TROUBLE)
        return False
    with tenant_context(account.tenant_id):
        _wait([account], reader.pause + reader.spread * random.random())  # noqa: S311  (spreads load, no secret)
    return True


def _wait(accounts: list[NetworkAccount], pause: timedelta) -> None:
    for account in accounts:
        type(account)._default_manager.filter(pk=account.pk).update(next_poll_at=Now() + pause)
