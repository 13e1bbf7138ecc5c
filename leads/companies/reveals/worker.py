"""Ask the directory for what is to be revealed, ten people at a time, fair to tenants, outside any transaction.

A claim is committed with a lease and held credits before the directory is asked. A worker that dies before its request
went out leaves nothing behind; one that dies after it leaves reveals whose answer is lost. Nothing that may have been
charged is asked for again by itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import charging
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.accounts.selectors import account_for
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.errors import AnswerLost, DirectoryDown, LimitReached
from leads.companies.apollo.phones import PhoneDelivery
from leads.companies.apollo.records import PeopleAnswer
from leads.companies.reveals import claims, recording
from leads.companies.reveals.claims import Batch
from leads.companies.reveals.models import Reveal, RevealState
from leads.companies.reveals.services import notifier
from leads.companies.reveals.tokens import webhook_url

RUN_SECONDS: Final = 10.0
# With so many tenants that wait, a second worker helps: most of the time each waits for an answer.
MANY_TENANTS: Final = 2
POLL_AGAIN: Final = timedelta(minutes=10)
BATCH_SIZE: Final = 100

log = structlog.get_logger("leads.reveals")


class Directory(Protocol):
    """The reveals of a directory."""

    def bulk_match(self, ids: Sequence[str], *, phones: bool = False, webhook_url: str = "") -> PeopleAnswer: ...

    def phone_result(self, request_id: str) -> PhoneDelivery | None: ...


DirectoryOf = Callable[[DirectoryAccount], Directory]


def has_work() -> bool:
    """Return whether something is to be asked for, or was left by its worker. Needs a platform scope."""
    return bool(claims.due_tenants(limit=1)) or _left().exists() or _overdue().exists()


def run_due(*, seconds: float = RUN_SECONDS, directory_of: DirectoryOf = Apollo) -> int:
    """Ask for what is due until there is nothing or the time is up. Return how many reveals were tried."""
    deadline = time.monotonic() + seconds
    recover()
    settle_waiting(directory_of=directory_of)
    tried = 0
    while time.monotonic() < deadline and (tenants := claims.due_tenants()):
        if len(tenants) >= MANY_TENANTS:
            notifier.ask_for_help()
        before = tried
        for tenant_id in tenants:
            if time.monotonic() >= deadline:
                return tried
            tried += _ask_for(tenant_id, directory_of)
        if tried == before:
            break
    return tried


def recover() -> int:
    """Go on with reveals whose worker died. Return how many there were.

    Those that were not sent are asked for again. The answers of the others are lost.
    """
    with platform_context():
        found = list(_left().order_by("tenant_id", "pk").values_list("tenant_id", "pk")[:BATCH_SIZE])
    for tenant_id in dict.fromkeys(tenant_id for tenant_id, _key in found):
        with tenant_context(tenant_id):
            mine = [key for owner, key in found if owner == tenant_id]
            rows = list(_left().filter(pk__in=mine).select_for_update(no_key=True, skip_locked=True).order_by("pk"))
            unsent = [row.pk for row in rows if row.sent_at is None]
            Reveal.objects.filter(pk__in=unsent).update(
                state=RevealState.QUEUED, next_attempt_at=Now(), lease_until=None, credits=0
            )
            charging.settle(used=(), unused=[str(key) for key in unsent], reason=recording.NOT_ASKED)
            recording.lost([row for row in rows if row.sent_at is not None], timezone.now())
    return len(found)


def settle_waiting(*, directory_of: DirectoryOf = Apollo) -> int:
    """Ask for numbers that should have been delivered by now, and end those whose time is up. Return how many ended."""
    with platform_context():
        found = list(_overdue().order_by("tenant_id", "pk").values_list("tenant_id", "pk")[:BATCH_SIZE])
    ended = 0
    for tenant_id in dict.fromkeys(tenant_id for tenant_id, _key in found):
        mine = [key for owner, key in found if owner == tenant_id]
        with tenant_context(tenant_id):
            rows = _overdue().filter(pk__in=mine).select_for_update(no_key=True, skip_locked=True)
            requests = {row.request_id for row in rows if row.request_id}
            # Whoever dies here lets them be asked for once more, which is free.
            Reveal.objects.filter(pk__in=mine, state=RevealState.WAITING).update(next_attempt_at=Now() + POLL_AGAIN)
        for request_id in sorted(requests):
            ended += _poll(tenant_id, request_id, directory_of)
        with tenant_context(tenant_id):
            late = Reveal.objects.filter(pk__in=mine, state=RevealState.WAITING, expires_at__lte=Now())
            for row in late.select_for_update(no_key=True, skip_locked=True).order_by("pk"):
                recording.expire(row)
                ended += 1
    return ended


def _ask_for(tenant_id: UUID, directory_of: DirectoryOf) -> int:
    """Claim a batch of the tenant, ask for it and write down the answer. Return how many reveals that settled."""
    batch = claims.claim(tenant_id)
    if not batch.rows:
        return batch.refused
    try:
        with tenant_context(tenant_id):
            account = account_for(tenant_id)
        directory = directory_of(account)
    except DomainError as error:
        recording.fail(batch, error.detail)
        return len(batch.rows) + batch.refused
    sent = claims.mark_sent(batch)
    if sent.rows:
        _ask(sent, directory, webhook_url(tenant_id, account.pk) if sent.phones else "")
    return len(sent.rows) + batch.refused


def _ask(batch: Batch, directory: Directory, address: str) -> None:
    try:
        answer = directory.bulk_match(batch.people, phones=batch.phones, webhook_url=address)
    except LimitReached as error:
        recording.postpone(batch, error.until, error.detail)
    except AnswerLost:
        recording.record_lost(batch)
    except DirectoryDown as error:
        recording.retry(batch, error.detail)
    except DomainError as error:
        recording.fail(batch, error.detail)
    else:
        recording.record_answer(batch, answer)
        return
    log.info("people not revealed", tenant=str(batch.tenant_id), people=len(batch.people))


def _poll(tenant_id: UUID, request_id: str, directory_of: DirectoryOf) -> int:
    try:
        with tenant_context(tenant_id):
            account = account_for(tenant_id)
        delivery = directory_of(account).phone_result(request_id)
    except DomainError as error:
        log.info("numbers not polled", tenant=str(tenant_id), reason=type(error).__name__)
        return 0
    return recording.deliver(tenant_id, delivery) if delivery is not None else 0


def _left() -> QuerySet[Reveal]:
    rows: QuerySet[Reveal] = Reveal.objects.filter(state=RevealState.ASKING, lease_until__lt=Now())
    return rows


def _overdue() -> QuerySet[Reveal]:
    rows: QuerySet[Reveal] = Reveal.objects.filter(
        Q(next_attempt_at__lte=Now()) | Q(expires_at__lte=Now()), state=RevealState.WAITING
    )
    return rows
