"""Expire holds and credit lots whose time has passed.

Each wallet is handled in a transaction of its own, so a crash loses no finished work and a failing
wallet does not block the others. Wallets that are locked by somebody else are skipped at first and
waited for briefly at the end.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.ledger.errors import HoldNotDue, HoldResolved
from billing.ledger.models import CreditLot, Hold, HoldStatus, Wallet
from billing.ledger.services import ledger
from lad.tenancy.context import platform_context

# How many rows one statement reads.
BATCH: Final = 200
# Stay below the time limit of a task and the interval between two runs.
MAX_RUN_SECONDS: Final = 10.0
LOCK_TIMEOUT: Final = "2s"

log = structlog.get_logger("lad.billing")


def expire_holds(*, now: datetime | None = None, seconds: float = MAX_RUN_SECONDS) -> int:
    """Release holds whose time has passed and return how many expired.

    A hold that is captured or released in the meantime keeps that status. Runs may overlap.
    """
    due = timezone.now() if now is None else now

    def due_holds() -> QuerySet[Hold]:
        rows: QuerySet[Hold] = Hold.objects.filter(status=HoldStatus.HELD, expires_at__lte=due)
        return rows

    def due_wallets(done: set[UUID]) -> list[UUID]:
        return _first_wallets(due_holds().exclude(wallet__in=list(done)))

    def expire(wallet_id: UUID) -> int:
        rows = due_holds().filter(wallet=wallet_id).order_by("expires_at", "pk")
        return sum(_expire(hold, now) for hold in rows[:BATCH])

    return _for_each_wallet(due_wallets, expire, seconds)


def expire_lots(*, now: datetime | None = None, seconds: float = MAX_RUN_SECONDS) -> int:
    """Remove what is left of expired credit lots and return the number of wallets changed.

    The ledger never spends expired credit. This only makes the balances show it.
    """
    due = timezone.now() if now is None else now

    def due_wallets(done: set[UUID]) -> list[UUID]:
        rows = CreditLot.objects.filter(is_open=True, expires_at__lte=due)
        return _first_wallets(rows.exclude(wallet__in=list(done)))

    def expire(wallet_id: UUID) -> int:
        ledger.expire_lots(wallet=wallet_id, now=now)
        return 1

    return _for_each_wallet(due_wallets, expire, seconds)


def _first_wallets(rows: QuerySet[Hold] | QuerySet[CreditLot]) -> list[UUID]:
    """Return the wallets of the rows that expire first."""
    return [*dict.fromkeys(rows.order_by("expires_at").values_list("wallet_id", flat=True)[:BATCH])]


def _expire(hold: Hold, now: datetime | None) -> int:
    try:
        with transaction.atomic():
            ledger.expire(hold=hold, now=now)
    except (HoldResolved, HoldNotDue):
        # Somebody else resolved it, or the database's clock is behind: the next run handles it.
        return 0
    except Exception:
        log.exception("a hold was not expired", hold=str(hold.pk), wallet=str(hold.wallet_id))
        return 0
    return 1


def _for_each_wallet(
    due_wallets: Callable[[set[UUID]], list[UUID]], expire: Callable[[UUID], int], seconds: float
) -> int:
    """Handle every due wallet, unlocked ones first, until none is left or the time is up. Return the total."""
    deadline = time.monotonic() + seconds
    done: set[UUID] = set()
    locked: list[UUID] = []
    total = 0
    while time.monotonic() < deadline:
        with platform_context():
            found = due_wallets(done)
        if not found:
            break
        for wallet_id in found:
            expired = _expire_locked(wallet_id, expire, wait=False)
            total += expired or 0
            if expired is None:
                locked.append(wallet_id)
            if (expired or 0) < BATCH:
                done.add(wallet_id)
            if time.monotonic() >= deadline:
                break
    for wallet_id in locked:
        if time.monotonic() < deadline:
            total += _expire_locked(wallet_id, expire, wait=True) or 0
    return total


def _expire_locked(wallet_id: UUID, expire: Callable[[UUID], int], *, wait: bool) -> int | None:
    """Lock one wallet and expire what is due. Return None if somebody else holds the lock, 0 after an error."""
    try:
        with platform_context():
            if not _lock(wallet_id, wait=wait):
                return None
            return expire(wallet_id)
    except Exception:
        log.exception("holds or credit of a wallet were not expired", wallet=str(wallet_id))
        return 0


def _lock(wallet_id: UUID, *, wait: bool) -> bool:
    if wait:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    rows = Wallet.objects.select_for_update(no_key=True, skip_locked=not wait)
    return rows.filter(pk=wallet_id).first() is not None
