"""What time does to money: holds that were not resolved and credit that was not used go back or out.

Wallet by wallet, each in a transaction of its own, so that a crash loses nothing that was done and one
wallet that cannot be swept holds up no other. Wallets that somebody works with this moment are left
for last and then waited for, a little.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from billing.ledger.models import CreditLot, Hold, HoldStatus, Wallet
from billing.ledger.services import ledger
from lad.tenancy.context import platform_context

# Of each sweep one statement finds so many rows.
BATCH: Final = 200
# Less than a task may take, and less than until the next one begins.
SWEEP_SECONDS: Final = 10.0
PATIENCE: Final = "2s"

log = structlog.get_logger("lad.billing")


def expire_holds(*, now: datetime | None = None, seconds: float = SWEEP_SECONDS) -> int:
    """Give back what holds set aside past their time; returns how many holds expired.

    A hold that is captured or released meanwhile stays so. Safe to run at the same time many times over.
    """
    due = timezone.now() if now is None else now

    def waiting(done: Iterable[UUID]) -> list[UUID]:
        rows = Hold.objects.filter(status=HoldStatus.HELD, expires_at__lte=due).exclude(wallet__in=list(done))
        return _wallets_of(rows)

    def sweep(wallet_id: UUID) -> int:
        rows = Hold.objects.filter(wallet=wallet_id, status=HoldStatus.HELD, expires_at__lte=due)
        return sum(_expire(hold, now) for hold in rows.order_by("expires_at", "pk")[:BATCH])

    return _sweep(waiting, sweep, seconds)


def expire_lots(*, now: datetime | None = None, seconds: float = SWEEP_SECONDS) -> int:
    """Take out what is left of credit that has expired; returns of how many wallets.

    The ledger never spends expired credit, swept or not: this makes the balances say so.
    """
    due = timezone.now() if now is None else now

    def waiting(done: Iterable[UUID]) -> list[UUID]:
        rows = CreditLot.objects.filter(is_open=True, expires_at__lte=due).exclude(wallet__in=list(done))
        return _wallets_of(rows)

    def sweep(wallet_id: UUID) -> int:
        ledger.expire_lots(wallet=wallet_id, now=now)
        return 1

    return _sweep(waiting, sweep, seconds)


def _wallets_of(rows: Any) -> list[UUID]:
    """The wallets of what is due first."""
    found: Sequence[UUID] = rows.order_by("expires_at").values_list("wallet_id", flat=True)[:BATCH]
    return [*dict.fromkeys(found)]


def _expire(hold: Hold, now: datetime | None) -> int:
    try:
        with transaction.atomic():
            ledger.expire(hold=hold, now=now)
    except (ledger.HoldResolved, ledger.HoldNotDue):
        # Somebody was faster, or the database's clock is behind: the next sweep sees to it.
        return 0
    except Exception:
        log.exception("a hold was not expired", hold=str(hold.pk), wallet=str(hold.wallet_id))
        return 0
    return 1


def _sweep(waiting: Callable[[Iterable[UUID]], list[UUID]], sweep: Callable[[UUID], int], seconds: float) -> int:
    """Sweep every wallet once, those that are free first, until none is left or the time is up."""
    deadline = time.monotonic() + seconds
    done: set[UUID] = set()
    busy: list[UUID] = []
    count = 0
    while time.monotonic() < deadline:
        with platform_context():
            found = waiting(done)
        if not found:
            break
        for wallet_id in found:
            swept = _in_turn(wallet_id, sweep, wait=False)
            count += swept or 0
            if swept is None:
                busy.append(wallet_id)
            if (swept or 0) < BATCH:
                done.add(wallet_id)
            if time.monotonic() >= deadline:
                break
    for wallet_id in busy:
        if time.monotonic() < deadline:
            count += _in_turn(wallet_id, sweep, wait=True) or 0
    return count


def _in_turn(wallet_id: UUID, sweep: Callable[[UUID], int], *, wait: bool) -> int | None:
    """Sweep one wallet under its lock; None when somebody else has it, 0 when it cannot be swept."""
    try:
        with platform_context():
            if not _lock(wallet_id, wait=wait):
                return None
            return sweep(wallet_id)
    except Exception:
        log.exception("a wallet was not swept", wallet=str(wallet_id))
        return 0


def _lock(wallet_id: UUID, *, wait: bool) -> bool:
    if wait:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    rows = Wallet.objects.select_for_update(no_key=True, skip_locked=not wait)
    return rows.filter(pk=wallet_id).first() is not None
