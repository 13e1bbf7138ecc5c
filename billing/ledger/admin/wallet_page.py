"""Data of a wallet's admin page: balances, open holds, credit lots in order of use, and the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from billing.formatting import amount, signed
from billing.ledger.admin.causes import Cause, cause_of, page_of
from billing.ledger.models import (
    BURN_DOWN_ORDER,
    GRANTED_FIRST,
    PURCHASED_LATER,
    CreditLot,
    Hold,
    HoldStatus,
    LedgerTransaction,
    Wallet,
    WalletStatus,
)
from lad.outbox.admin.overview import human_lag
from lad.tenancy.access import Access

TRANSACTIONS_PER_PAGE: Final = 50
MAX_HOLDS_AND_LOTS: Final = 20
EXPIRES_SOON: Final = timedelta(days=7)
PRIORITIES: Final = {GRANTED_FIRST: "Granted", PURCHASED_LATER: "Purchased"}
STATUS_TONES: Final = {WalletStatus.ACTIVE: "good", WalletStatus.SUSPENDED: "bad", WalletStatus.CLOSED: "quiet"}


@dataclass(frozen=True, slots=True)
class HoldSummary:
    """An open hold."""

    url: str
    release_url: str
    amount: str
    about: str
    cause: Cause | None
    age: str
    ends: str
    is_due: bool


@dataclass(frozen=True, slots=True)
class LotSummary:
    """A credit lot in the order of use. ``share`` is the remaining percentage."""

    url: str
    turn: int
    kind: str
    left: str
    amount: str
    share: int
    expires_at: datetime | None
    ends: str
    is_soon: bool


@dataclass(frozen=True, slots=True)
class TransactionSummary:
    """A ledger transaction. ``reverses`` and ``reversed_by`` link the two transactions of a reversal."""

    row: LedgerTransaction
    url: str
    amount: str
    is_in: bool
    available: str
    reserved: str
    who: str
    cause: Cause | None
    reverses: "TransactionLink | None"
    reversed_by: "TransactionLink | None"


@dataclass(frozen=True, slots=True)
class TransactionLink:
    """A link to another transaction of the same ledger."""

    version: int
    url: str


@dataclass(frozen=True, slots=True)
class WalletPage:
    """Everything that the page shows above the wallet's fields."""

    owner: str
    tone: str
    available: str
    reserved: str
    balance: str
    threshold: str
    is_low: bool
    holds: list[HoldSummary]
    more_holds: bool
    holds_url: str
    lots: list[LotSummary]
    more_lots: bool
    lots_url: str
    rows: list[TransactionSummary]
    newer: bool
    older: int | None
    ledger_url: str


def page_for(wallet: Wallet, access: Access, *, before: int | None, now: datetime) -> WalletPage:
    """Return the page. ``before`` selects the transactions older than that one instead of the newest."""
    holds = list(_holds(wallet)[: MAX_HOLDS_AND_LOTS + 1])
    lots = list(_lots(wallet, now)[: MAX_HOLDS_AND_LOTS + 1])
    rows = list(_rows(wallet, before)[: TRANSACTIONS_PER_PAGE + 1])
    may_release = access.platform and access.allows("billing.administer")
    return WalletPage(
        owner=str(wallet.user) if wallet.user_id else f"{wallet.tenant}, the tenant’s own wallet",
        tone=STATUS_TONES[WalletStatus(wallet.status)],
        available=amount(wallet.available_balance, wallet.currency),
        reserved=amount(wallet.reserved_balance, wallet.currency),
        balance=amount(wallet.current_balance, wallet.currency),
        threshold=amount(wallet.low_balance_threshold, wallet.currency),
        is_low=wallet.is_low and wallet.status == WalletStatus.ACTIVE,
        holds=[_hold_summary(hold, wallet, now, may_release) for hold in holds[:MAX_HOLDS_AND_LOTS]],
        more_holds=len(holds) > MAX_HOLDS_AND_LOTS,
        holds_url=_list("hold", wallet, status__exact="held"),
        lots=[_lot_summary(turn, lot, wallet, now) for turn, lot in enumerate(lots[:MAX_HOLDS_AND_LOTS], start=1)],
        more_lots=len(lots) > MAX_HOLDS_AND_LOTS,
        lots_url=_list("creditlot", wallet),
        rows=_transaction_summaries(rows[:TRANSACTIONS_PER_PAGE]),
        newer=before is not None,
        older=rows[TRANSACTIONS_PER_PAGE - 1].wallet_version if len(rows) > TRANSACTIONS_PER_PAGE else None,
        ledger_url=_list("ledgertransaction", wallet),
    )


def _holds(wallet: Wallet) -> QuerySet[Hold]:
    rows: QuerySet[Hold] = Hold.objects.filter(tenant=wallet.tenant_id, wallet=wallet, status=HoldStatus.HELD)
    return rows.order_by("expires_at", "pk")


def _lots(wallet: Wallet, now: datetime) -> QuerySet[CreditLot]:
    rows: QuerySet[CreditLot] = CreditLot.objects.filter(tenant=wallet.tenant_id, wallet=wallet, is_open=True)
    return rows.exclude(expires_at__lte=now).order_by(*BURN_DOWN_ORDER)


def _rows(wallet: Wallet, before: int | None) -> QuerySet[LedgerTransaction]:
    rows: QuerySet[LedgerTransaction] = LedgerTransaction.objects.filter(tenant=wallet.tenant_id, wallet=wallet)
    if before is not None:
        rows = rows.filter(wallet_version__lt=before)
    return rows.prefetch_related("created_by").order_by("-wallet_version")


def _list(model: str, wallet: Wallet, **query: str) -> str:
    terms = {"wallet__id__exact": str(wallet.pk), **query}
    return f"{reverse(f'admin:billing_{model}_changelist')}?{'&'.join(f'{k}={v}' for k, v in terms.items())}"


def _hold_summary(hold: Hold, wallet: Wallet, now: datetime, may_release: bool) -> HoldSummary:
    due = hold.expires_at <= now
    return HoldSummary(
        url=page_of("hold", hold.pk),
        release_url=page_of("hold", hold.pk, "release") if may_release else "",
        amount=amount(hold.amount, wallet.currency),
        about=hold.description,
        cause=cause_of(hold),
        age=human_lag(now - hold.created_at),
        ends=f"due for {human_lag(now - hold.expires_at)}" if due else f"ends in {human_lag(hold.expires_at - now)}",
        is_due=due,
    )


def _lot_summary(turn: int, lot: CreditLot, wallet: Wallet, now: datetime) -> LotSummary:
    return LotSummary(
        url=page_of("creditlot", lot.pk),
        turn=turn,
        kind=PRIORITIES.get(lot.priority, f"Priority {lot.priority}"),
        left=amount(lot.remaining, wallet.currency),
        amount=amount(lot.amount),
        share=max(1, round(lot.remaining / lot.amount * Decimal(100))),
        expires_at=lot.expires_at,
        ends=f"in {human_lag(lot.expires_at - now)}" if lot.expires_at else "",
        is_soon=lot.expires_at is not None and lot.expires_at - now < EXPIRES_SOON,
    )


def _transaction_summaries(rows: Iterable[LedgerTransaction]) -> list[TransactionSummary]:
    rows = list(rows)
    reversed_by = _reversals(rows)
    taken_back = _versions([row.reverses_id for row in rows if row.reverses_id])
    return [
        TransactionSummary(
            row=row,
            url=page_of("ledgertransaction", row.pk),
            amount=signed(row.amount),
            is_in=row.amount > 0,
            available=amount(row.balance_after),
            reserved=amount(row.reserved_after) if row.reserved_after else "",
            who=str(row.created_by) if row.created_by else "",
            cause=cause_of(row),
            reverses=taken_back.get(row.reverses_id) if row.reverses_id else None,
            reversed_by=reversed_by.get(row.pk),
        )
        for row in rows
    ]


def _reversals(rows: list[LedgerTransaction]) -> dict[UUID, TransactionLink]:
    """Return links to the reversals of the given transactions, by the reversed transaction."""
    found: Any = LedgerTransaction.objects.filter(reverses__in=[row.pk for row in rows])
    if rows:
        found = found.filter(tenant=rows[0].tenant_id)
    return {row.reverses_id: _link(row) for row in found.only("reverses_id", "wallet_version")}


def _versions(keys: list[UUID]) -> dict[UUID, TransactionLink]:
    found: Any = LedgerTransaction.objects.filter(pk__in=keys).only("wallet_version")
    return {row.pk: _link(row) for row in found}


def _link(row: LedgerTransaction) -> TransactionLink:
    return TransactionLink(row.wallet_version, page_of("ledgertransaction", row.pk))
