"""Recover messages whose sender died, by looking before anything is repeated. Nothing is guessed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.accounts.pacing import day_of
from campaigns.channels.protocol import Found
from campaigns.channels.sending import follow_ups
from campaigns.channels.sending.account_kinds import ACCOUNT_KINDS, AccountKind, account_kind_of
from campaigns.channels.sending.claims import LEASE
from campaigns.channels.sending.finishing import Accepted, finish
from campaigns.channels.sending.results import FIRST_LOOK, give_back
from campaigns.messages import hooks
from campaigns.messages.models import LOST_AT, Message, MessageState
from campaigns.messages.services import wake_senders
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactDirection
from tenants.teams.models import Tenant

BATCH_SIZE: Final = 500
# While somebody looks, nobody else does.
LOOK_LEASE: Final = timedelta(minutes=3)
# Looks before a server's silence counts: the first may come before the copy was saved.
SILENT_LOOKS: Final = 2
LOOK_PAUSES: Final = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
LOST: Final = "The sender was lost while it was sending: the message may or may not have been sent."
STAYS_OPEN: Final = (
    "The sender was lost while it was sending. LAD found no copy, but the server does not surely keep one: ask the"
    " recipient or look into the account, then say whether it was sent."
)
CANNOT_LOOK: Final = (
    "The sender was lost while it was sending, and LAD cannot look it up: the account is gone or has no mailbox to"
    " read. Say whether it was sent."
)

log = structlog.get_logger("lad.campaigns.sending")


def has_work() -> bool:
    """Return whether a sender was lost, or left something undone. Needs a platform scope."""
    return _expired().exists() or _to_look_for().exists() or follow_ups.has_work()


def recover() -> dict[str, int]:
    """Take over from lost senders, look for messages, and pass on results. Return how many there were of each."""
    finished = {"finished": finish_accepted()}
    return {**finished, **take_over(), **look(), "passed_on": follow_ups.follow_up_missed()}


def finish_accepted() -> int:
    """Finish the messages of lost senders that servers had accepted. Return how many there were."""
    by_account: dict[tuple[UUID, AccountKind | None, UUID | None], list[Accepted]] = defaultdict(list)
    with platform_context():
        rows = list(_expired().exclude(accepted_at=None)[:BATCH_SIZE])
    for row in rows:
        by_account[_account_key(row)].append(Accepted(row, row.accepted_at))
    for accepted in by_account.values():
        finish(accepted)
    if rows:
        log.error("a sender was lost before it finished what was accepted", messages=len(rows))
    return len(rows)


def take_over() -> dict[str, int]:
    """Let messages wait again that lost senders had not begun. Those that were begun become unknown."""
    with platform_context():
        expired = _expired().filter(accepted_at=None)
        rows = list(expired.select_for_update(no_key=True, skip_locked=True)[:BATCH_SIZE])
        untouched = [row for row in rows if row.begun_at is None]
        begun = [row.pk for row in rows if row.begun_at is not None]
        _requeue(untouched, claimed_at={row.pk: row.lease_until - LEASE for row in untouched})
        Message.objects.filter(pk__in=begun).update(
            state=MessageState.UNKNOWN, error=LOST, lease_until=None, looks=0, next_attempt_at=Now() + FIRST_LOOK
        )
        for channel in {row.channel for row in untouched}:
            wake_senders(channel)
    if rows:
        log.error("senders were lost", untouched=len(untouched), unknown=len(begun))
    return {"untouched": len(untouched), "unknown": len(begun)}


def look() -> dict[str, int]:
    """Look for lost messages, account by account. Return how many there were of each answer."""
    by_account: dict[tuple[UUID, AccountKind | None, UUID | None], list[Message]] = defaultdict(list)
    with platform_context():
        rows = list(_to_look_for().select_for_update(no_key=True, skip_locked=True)[:BATCH_SIZE])
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(next_attempt_at=Now() + LOOK_LEASE)
    for row in rows:
        by_account[_account_key(row)].append(row)
    counts: Counter[str] = Counter()
    for (tenant_id, kind, account_id), messages in by_account.items():
        counts.update(_look_for(tenant_id, kind, account_id, messages))
    return dict(counts)


def _look_for(
    tenant_id: UUID, kind: AccountKind | None, account_id: UUID | None, messages: Sequence[Message]
) -> Iterable[str]:
    """Look for the messages of one account, outside any transaction, and write what was found."""
    with tenant_context(tenant_id):
        account = kind.model.all_objects.filter(pk=account_id).first() if kind else None
    if kind is None or account is None or not kind.can_be_asked(account):
        with tenant_context(tenant_id):
            _held(messages).update(next_attempt_at=None, error=CANNOT_LOOK)
        return [Found.NOT_KNOWN] * len(messages)
    try:
        found = kind.driver(account).find(account, messages)
    except DomainError as error:
        with tenant_context(tenant_id):
            _held(messages).update(next_attempt_at=Now() + LOOK_PAUSES[1], error=f"{LOST} {error.detail}")
        return ["not_looked"] * len(messages)
    for message in messages:
        _settle(message, found.get(message.pk, Found.NOT_KNOWN))
    return [found.get(message.pk, Found.NOT_KNOWN) for message in messages]


def _settle(message: Message, found: Found) -> None:
    with tenant_context(message.tenant_id):
        row = _held([message]).select_for_update(no_key=True).first()
        if row is None:
            return  # its sender reported late, or a person decided
        looks = row.looks + 1
        if found == Found.SENT:
            _found(row)
        elif found == Found.NOT_SENT and looks >= SILENT_LOOKS:
            _held([row]).update(metadata={**row.metadata, LOST_AT: row.begun_at.isoformat()})
            _requeue([row], claimed_at={row.pk: row.begun_at})
            wake_senders(row.channel)
        else:
            open_still = looks > len(LOOK_PAUSES)
            _held([row]).update(
                looks=looks,
                error=STAYS_OPEN if open_still else LOST,
                next_attempt_at=None if open_still else Now() + LOOK_PAUSES[looks - 1],
            )
    log.info("message looked for", message=str(message.pk), found=found, looks=looks)


def _found(row: Message) -> None:
    row.state, row.error, row.next_attempt_at = MessageState.SENT, "", None
    row.occurred_at = row.begun_at
    row.save(update_fields=["state", "error", "next_attempt_at", "occurred_at"])
    hooks.settled([row])


def _requeue(rows: Sequence[Message], *, claimed_at: dict[UUID, Any]) -> None:
    """Let messages wait again that certainly were not sent, under the same Message-ID."""
    by_tenant: dict[UUID, list[Message]] = defaultdict(list)
    for row in rows:
        by_tenant[row.tenant_id].append(row)
    zones = dict(Tenant.objects.filter(pk__in=list(by_tenant)).values_list("pk", "timezone"))
    for tenant_id, messages in by_tenant.items():
        keys = [row.pk for row in messages]
        Message.objects.filter(tenant=tenant_id, pk__in=keys).update(
            state=MessageState.QUEUED, next_attempt_at=Now(), lease_until=None, begun_at=None, error="", looks=0
        )
        for kind in ACCOUNT_KINDS:
            counted: dict[tuple[UUID, date], list[Message]] = defaultdict(list)
            for row in messages:
                if (account_id := kind.account_id(row)) is not None:
                    counted[account_id, day_of(claimed_at[row.pk], zones[tenant_id])].append(row)
            if counted:
                give_back(kind, tenant_id, counted)


def _account_key(message: Message) -> tuple[UUID, AccountKind | None, UUID | None]:
    """Return the tenant of a message, the kind of its account, and the account."""
    kind = account_kind_of(message)
    return message.tenant_id, kind, kind.account_id(message) if kind else None


def _held(messages: Sequence[Message]) -> Any:
    """Return the rows that are still unknown by the attempt that was looked for."""
    attempts = Q()
    for message in messages:
        attempts |= Q(pk=message.pk, attempts=message.attempts)
    return Message.objects.filter(attempts, state=MessageState.UNKNOWN)


def _expired() -> Any:
    return Message.objects.filter(state=MessageState.SENDING, lease_until__lt=Now()).order_by("lease_until")


def _to_look_for() -> Any:
    rows = Message.objects.filter(state=MessageState.UNKNOWN, next_attempt_at__lte=Now())
    return rows.filter(direction=ContactDirection.OUTBOUND).order_by("next_attempt_at")
