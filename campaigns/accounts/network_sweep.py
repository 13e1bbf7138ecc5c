"""Regular work on accounts of all tenants: finish attempts that nobody watches, and judge their health."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.network_connecting import keeping, signing_in
from campaigns.accounts.network_connecting.attempts import Waits
from campaigns.accounts.network_health import at_work, judge
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context

# An attempt is looked at for a while after its time, to say that it is over.
FOLLOWED_FOR: Final = timedelta(minutes=10)
MAX_AT_ONCE: Final = 100
MODELS: Final = (LinkedinAccount, ChannelAccount)
# Codes to scan are renewed by the page that shows them.
WATCHED: Final = (Waits.APP.value, Waits.LINK.value)

log = structlog.get_logger("campaigns.accounts")


def has_attempts() -> bool:
    """Return whether an attempt waits. Call it outside any scope."""
    return next(iter(_attempts(timezone.now(), limit=1)), None) is not None


def follow_attempts(*, now: datetime | None = None) -> int:
    """Ask the gateway about accounts that wait for a confirmation. Return how many attempts have ended."""
    now, ended = now or timezone.now(), 0
    for account in _attempts(now, limit=MAX_AT_ONCE):
        try:
            answer = signing_in.look(account, now=now)
            if answer.account is None and not answer.ended:
                continue
            with tenant_context(account.tenant_id):
                keeping.keep(account, answer, actor=None, now=now)
            ended += 1
        except DomainError as error:
            log.info("attempt_not_followed", account=str(account.pk), reason=error.code)
    return ended


def judge_all(*, now: datetime | None = None) -> int:
    """Stop the accounts of all tenants that are in a bad state. Return how many were stopped."""
    now, stopped = now or timezone.now(), 0
    for tenant_id in _tenants_at_work():
        with tenant_context(tenant_id):
            stopped += judge(at_work(), now=now)
    return stopped


def _attempts(now: datetime, *, limit: int) -> list[NetworkAccount]:
    found: list[NetworkAccount] = []
    since = (now - FOLLOWED_FOR).isoformat()
    with platform_context():
        for model in MODELS:
            rows = model.objects.filter(checkpoint__waits__in=WATCHED, checkpoint__expires_at__gte=since)
            found += rows.order_by("created_at")[:limit]
    return found[:limit]


def _tenants_at_work() -> Iterator[UUID]:
    with platform_context():
        found = {account.tenant_id for account in at_work()}
    yield from sorted(found)
