"""The ledger: the only way to change a wallet's balance.

Each function runs one SQL statement inside the caller's transaction and locks the wallet's row, so
balances before and after are exact. Each posting happens once per tenant and ``key``: repeating a
request returns the first result, a different request with the same key raises IdempotencyConflict,
and a failed request leaves the key free. Amounts are positive, in the wallet's currency, with at most
six decimals, unless stated otherwise. ``now`` defaults to the database's clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Unpack
from uuid import UUID

from django.db.transaction import atomic

from billing import money
from billing.ledger.errors import (
    BY_OUTCOME,
    IdempotencyConflict,
    InsufficientBalance,
    TransactionUnknown,
    WalletClosed,
    WalletUnknown,
)
from billing.ledger.models import (
    BURN_DOWN_ORDER,
    GRANTED_FIRST,
    PURCHASED_LATER,
    CreditLot,
    Hold,
    LedgerTransaction,
    TransactionType,
    Wallet,
)
from billing.ledger.references import Reference, ReferenceKind
from billing.ledger.services import client, wallets
from billing.ledger.services.announcements import announce
from billing.ledger.services.client import (
    KeyTakenElsewhere,
    LedgerReply,
    Operation,
    PostedTransaction,
    Posting,
    PostingOutcome,
    PostingResult,
)
from billing.ledger.services.rows import PostingDetails, build_hold_row, build_posting, build_row, row_id
from billing.ledger.services.validation import check_posting, valid_amount
from lad.db.identifiers import uuid7
from lad.errors import Invalid

__all__ = ["Operation", "PostedTransaction", "Posting", "PostingOutcome", "PostingResult", "Reference", "ReferenceKind"]

MAX_PRIORITY: Final = 100
# When another wallet takes a key at the same moment, the next attempt finds it and reports a conflict.
MAX_ATTEMPTS: Final = 3


def topup(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None = None,
    priority: int = PURCHASED_LATER,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Add purchased credit to a wallet as a new credit lot.

    Lots with a lower priority are used first. Emits ``billing.wallet.credited``. Raises WalletClosed,
    AmountTooLarge, CreditExpired or IdempotencyConflict.
    """
    return _incoming(Operation.TOPUP, wallet, amount, key, expires_at, priority, now, details)


def credit(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None = None,
    priority: int = GRANTED_FIRST,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Grant free credit to a wallet. Works like ``topup``, but granted credit is used before purchased credit."""
    return _incoming(Operation.CREDIT, wallet, amount, key, expires_at, priority, now, details)


def debit(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Charge a wallet. An amount of 0 records a charge for free work.

    Raises InsufficientBalance, WalletSuspended, WalletClosed or IdempotencyConflict.
    """
    return _posted(build_posting(Operation.DEBIT, wallet, valid_amount(amount, zero=True), key, details), now)


def adjust(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    reason: str,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Correct a wallet by a signed amount, even a suspended one. The available balance cannot fall below zero.

    Emits ``billing.wallet.credited``. Raises the errors of ``topup``, or InsufficientBalance.
    """
    valid_amount(abs(amount))
    described: PostingDetails = {**details, "description": reason}
    return _posted(build_posting(Operation.ADJUSTMENT, wallet, amount, key, described), now)


def reserve(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    ttl: timedelta,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Reserve money until it is captured or released, or ``ttl`` has passed. The result names the hold.

    Raises InsufficientBalance, WalletSuspended, WalletClosed or IdempotencyConflict.
    """
    if ttl <= timedelta(0):
        raise Invalid(errors={"ttl": ["The hold must last at least one second."]})
    terms = {"seconds": f"{ttl.total_seconds():f}"}
    row = build_row(
        row_id(wallet), TransactionType.RESERVATION, key, details, amount=-valid_amount(amount), terms=terms
    )
    return _settled("reserve", {**row, "hold_id": uuid7()}, now)


def extend(
    *, hold: Hold | UUID, key: str, until: datetime, amount: Decimal = Decimal(0), now: datetime | None = None
) -> PostedTransaction | None:
    """Extend a hold and, with an amount, reserve more for it.

    Return the reservation of the further amount, or None without one. An ``until`` before the current
    expiry changes nothing. Raises HoldResolved, HoldExpired or the errors of ``reserve``.
    """
    terms = {"hold": str(row_id(hold)), "until": until.isoformat()}
    row = build_hold_row(
        hold, TransactionType.RESERVATION, key, {}, amount=-valid_amount(amount, zero=True), terms=terms
    )
    return _result("extend", row, now)


def capture(
    *,
    hold: Hold | UUID,
    amount: Decimal,
    key: str,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Charge up to the held amount and release the rest. Return the debit.

    Posts two transactions in one statement: a release of the whole hold, then the debit from the lots
    that were reserved. Raises HoldResolved, HoldExpired, CaptureTooLarge or IdempotencyConflict.
    """
    charge, terms = -valid_amount(amount, zero=True), {"hold": str(row_id(hold))}
    return _settled(
        "capture", build_hold_row(hold, TransactionType.DEBIT, key, details, amount=charge, terms=terms), now
    )


def release(
    *, hold: Hold | UUID, key: str, now: datetime | None = None, **details: Unpack[PostingDetails]
) -> PostedTransaction:
    """Release all that a hold reserves. Raises HoldResolved or IdempotencyConflict."""
    terms = {"hold": str(row_id(hold))}
    return _settled("release", build_hold_row(hold, TransactionType.RELEASE, key, details, terms=terms), now)


def expire(*, hold: Hold | UUID, now: datetime | None = None) -> PostedTransaction:
    """Release a hold whose time has passed. Raises HoldNotDue or HoldResolved."""
    details: PostingDetails = {"description": "The hold expired"}
    row = build_hold_row(hold, TransactionType.RELEASE, f"hold_expired:{row_id(hold)}", details)
    return _settled("expire", row, now)


def expire_lots(*, wallet: Wallet | UUID, now: datetime | None = None) -> None:
    """Remove what is left of the wallet's expired lots, if any. Raises WalletClosed."""
    _result("expire_lots", {"wallet_id": row_id(wallet)}, now)


def reverse(
    *,
    transaction: LedgerTransaction | PostedTransaction | UUID,
    key: str,
    reason: str,
    now: datetime | None = None,
    **details: Unpack[PostingDetails],
) -> PostedTransaction:
    """Reverse a transaction once, on the same credit lots that it changed.

    What comes back to a user's closed wallet goes on to the tenant's, in credit lots of the same terms.
    Emits ``billing.wallet.credited``. Raises AlreadyReversed, NotReversible, the errors of ``topup``, or
    CreditSpent if the credit that came in is no longer there.
    """
    original = _transaction(transaction) if isinstance(transaction, UUID) else transaction
    terms = {"reverses": str(original.id)}
    described: PostingDetails = {**details, "description": reason}
    row = build_row(original.wallet_id, TransactionType.ADJUSTMENT, key, described, terms=terms)
    with atomic():
        back = _settled("reverse", {**row, "reverses_id": original.id}, now)
        if not back.replayed:
            _pass_on(back, now)
    return back


def post_many(batch: Sequence[Posting], *, now: datetime | None = None) -> list[PostingResult]:
    """Post many transactions together and return one result each, in the order of the batch.

    Wallets are locked in a fixed order, so batches cannot deadlock. Of several postings with the same key
    the first counts; the others are replays or conflicts. Only a malformed amount or key raises.
    """
    for posting in batch:
        check_posting(posting)
    results: dict[int, PostingResult] = {}
    waiting = list(range(len(batch)))
    while waiting:
        keys: set[str] = set()
        repeated: list[int] = []
        by_wallet: dict[UUID, list[int]] = {}
        for index in waiting:
            posting = batch[index]
            if posting.key in keys:
                repeated.append(index)
                continue
            keys.add(posting.key)
            by_wallet.setdefault(posting.wallet_id, []).append(index)
        rows = {wallet_id: [batch[index].row() for index in listed] for wallet_id, listed in by_wallet.items()}
        results |= _results(_post_all(rows, now), by_wallet)
        waiting = repeated
    unknown = PostingResult(PostingOutcome.UNKNOWN_WALLET)
    return [results.get(index, unknown) for index in range(len(batch))]


def _pass_on(back: PostedTransaction, now: datetime | None) -> None:
    """Credit the tenant's wallet with what came back to a user's closed wallet."""
    rows = LedgerTransaction.objects.filter(tenant=back.tenant_id, idempotency_key=f"passed_on:{back.id}")
    passed_on = rows.select_related("wallet").first()
    if passed_on is None:
        return
    heir = wallets.paying_wallet()
    if heir.currency != passed_on.wallet.currency:
        raise WalletClosed("The wallet is closed, and the tenant's own wallet has another currency.")
    lots = CreditLot.objects.filter(tenant=back.tenant_id, pk__in=passed_on.lot_movements).order_by(*BURN_DOWN_ORDER)
    parts: dict[tuple[int, datetime | None], Decimal] = {}
    for lot in lots:
        terms = (lot.priority, lot.expires_at)
        parts[terms] = parts.get(terms, Decimal(0)) - Decimal(passed_on.lot_movements[str(lot.pk)])
    for number, ((priority, expires_at), amount) in enumerate(parts.items()):
        credit(
            wallet=heir,
            amount=amount,
            key=f"passed_on:{back.id}:{number}",
            expires_at=expires_at,
            priority=priority,
            reference=Reference(ReferenceKind.WALLET, back.wallet_id),
            description="Passed on from a closed wallet",
            now=now,
        )


def _incoming(
    operation: Operation,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None,
    priority: int,
    now: datetime | None,
    details: PostingDetails,
) -> PostedTransaction:
    terms: dict[str, object] = {"priority": priority}
    if not 0 <= priority <= MAX_PRIORITY:
        raise Invalid(errors={"priority": [f"Choose a priority between 0 and {MAX_PRIORITY}."]})
    if expires_at is not None:
        terms["expires_at"] = expires_at.astimezone(UTC).isoformat()
    return _posted(build_posting(operation, wallet, valid_amount(amount), key, details, terms), now)


def _posted(posting: Posting, now: datetime | None) -> PostedTransaction:
    with _conflict_when_taken():
        replies = client.post({posting.wallet_id: [posting.row()]}, now)
    reply = next((reply for reply in replies if reply.position is not None), None)
    if reply is None:
        raise WalletUnknown
    posted = accepted(reply, -posting.amount if posting.operation == Operation.ADJUSTMENT else posting.amount)
    if posted is None:
        raise RuntimeError("The ledger accepted a posting and returned no transaction.")
    announce(replies)
    return posted


def _settled(operation: str, row: Mapping[str, object], now: datetime | None) -> PostedTransaction:
    posted = _result(operation, row, now)
    if posted is None:
        raise RuntimeError("The ledger accepted a posting and returned no transaction.")
    return posted


def _result(operation: str, row: Mapping[str, object], now: datetime | None) -> PostedTransaction | None:
    with _conflict_when_taken():
        reply = client.settle(operation, row, now)
    amount = row.get("amount")
    posted = accepted(reply, -amount if isinstance(amount, Decimal) else Decimal(0))
    announce([reply])
    return posted


@contextmanager
def _conflict_when_taken() -> Iterator[None]:
    try:
        yield
    except KeyTakenElsewhere as error:
        raise _conflict("wallet") from error


def _post_all(rows: Mapping[UUID, Sequence[Mapping[str, object]]], now: datetime | None) -> list[LedgerReply]:
    for _attempt in range(MAX_ATTEMPTS - 1):
        with suppress(KeyTakenElsewhere), atomic():
            return client.post(rows, now)
    return client.post(rows, now)


def _conflict(field: str) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"This idempotency key was already used with a different {field}. Use a new key.", field=field
    )


def accepted(reply: LedgerReply, required: Decimal) -> PostedTransaction | None:
    """Return the posted transaction, or raise the error of the reply's outcome."""
    if reply.outcome in {PostingOutcome.POSTED, PostingOutcome.REPLAYED}:
        return reply.posted
    if reply.outcome == PostingOutcome.CONFLICT:
        raise _conflict(reply.field)
    if reply.outcome == PostingOutcome.INSUFFICIENT:
        available = reply.available or Decimal(0)
        raise InsufficientBalance(
            f"This needs {money.plain(required)} {reply.currency}, but only {money.plain(available)} is available. "
            "Top up the wallet or use a smaller amount.",
            required=str(required),
            available=str(available),
            currency=reply.currency,
        )
    raise BY_OUTCOME[reply.outcome]


def _results(replies: Sequence[LedgerReply], by_wallet: Mapping[UUID, Sequence[int]]) -> dict[int, PostingResult]:
    announce(replies)
    found = {}
    for reply in replies:
        if reply.position is not None and reply.wallet_id is not None:
            index = by_wallet[reply.wallet_id][reply.position - 1]
            found[index] = PostingResult(PostingOutcome(reply.outcome), reply.posted, reply.field, reply.available)
    return found


def _transaction(key: UUID) -> LedgerTransaction:
    row: LedgerTransaction | None = LedgerTransaction.objects.filter(pk=key).first()
    if row is None:
        raise TransactionUnknown
    return row
