"""The ledger: the one door through which a wallet's balance moves.

Every function is one SQL statement inside the caller's transaction. It takes the wallet's row lock,
so that balances before and after are exact; it happens once per ``key`` and tenant for ever: the same
request again gets the first result, a different one under the same key IdempotencyConflict, and a
failed one leaves the key free. Amounts are positive and in the wallet's currency, with at most six
decimals, unless said otherwise; ``now`` is the database's clock unless given.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction as database

from billing import money as amounts
from billing.ledger.errors import (
    BY_OUTCOME,
    AlreadyReversed,
    AmountTooLarge,
    CaptureTooLarge,
    CreditExpired,
    CreditSpent,
    HoldExpired,
    HoldNotDue,
    HoldResolved,
    HoldUnknown,
    IdempotencyConflict,
    InsufficientBalance,
    NotReversible,
    TransactionUnknown,
    WalletClosed,
    WalletSuspended,
    WalletUnknown,
)
from billing.ledger.models import GRANTED_FIRST, PURCHASED_LATER, Hold, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import client as postings
from billing.ledger.services.announcements import tell
from billing.ledger.services.client import (
    NO_REFERENCE,
    Answer,
    KeyTakenElsewhere,
    Operation,
    Outcome,
    Posted,
    Posting,
    Reference,
    Verdict,
)
from billing.ledger.services.validation import check_key, check_posting, checked
from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid

__all__ = [
    "AlreadyReversed",
    "AmountTooLarge",
    "CaptureTooLarge",
    "CreditExpired",
    "CreditSpent",
    "HoldExpired",
    "HoldNotDue",
    "HoldResolved",
    "HoldUnknown",
    "IdempotencyConflict",
    "InsufficientBalance",
    "NotReversible",
    "Operation",
    "Outcome",
    "Posted",
    "Posting",
    "Reference",
    "TransactionUnknown",
    "Verdict",
    "WalletClosed",
    "WalletSuspended",
    "WalletUnknown",
]

LAST_PRIORITY: Final = 100
# A key taken on another wallet meanwhile is found there the next time.
MOST_ATTEMPTS: Final = 3


def topup(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None = None,
    priority: int = PURCHASED_LATER,
    now: datetime | None = None,
    **said: Any,
) -> Posted:
    """Put bought credit into a wallet, as a lot that is used by priority (the lower first) until it expires.

    ``said`` is ``reference``, ``description``, ``metadata`` and ``actor``, here and below. Emits
    ``billing.wallet.credited``. Raises WalletClosed, AmountTooLarge, CreditExpired or IdempotencyConflict.
    """
    return _incoming(Operation.TOPUP, wallet, amount, key, expires_at, priority, now, said)


def credit(
    *,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None = None,
    priority: int = GRANTED_FIRST,
    now: datetime | None = None,
    **said: Any,
) -> Posted:
    """Grant credit to a wallet; like ``topup``, but nobody paid for it and it is used first."""
    return _incoming(Operation.CREDIT, wallet, amount, key, expires_at, priority, now, said)


def debit(*, wallet: Wallet | UUID, amount: Decimal, key: str, now: datetime | None = None, **said: Any) -> Posted:
    """Take what was used; 0 records the charge of work that is free.

    Raises InsufficientBalance, WalletSuspended, WalletClosed or IdempotencyConflict.
    """
    return _posted(_posting(Operation.DEBIT, wallet, checked(amount, zero=True), key, said), now)


def adjust(
    *, wallet: Wallet | UUID, amount: Decimal, key: str, reason: str, now: datetime | None = None, **said: Any
) -> Posted:
    """Correct a wallet by a signed amount, saying why; never below zero.

    Emits ``billing.wallet.credited``. Raises as ``topup`` and ``debit`` do.
    """
    checked(abs(amount))
    return _posted(_posting(Operation.ADJUSTMENT, wallet, amount, key, {**said, "description": reason}), now)


def reserve(
    *, wallet: Wallet | UUID, amount: Decimal, key: str, ttl: timedelta, now: datetime | None = None, **said: Any
) -> Posted:
    """Set money aside until it is captured, released or ``ttl`` is over; the result names the hold.

    Raises InsufficientBalance, WalletSuspended, WalletClosed or IdempotencyConflict.
    """
    if ttl <= timedelta(0):
        raise Invalid(errors={"ttl": ["A hold lasts longer than no time."]})
    terms = {"seconds": f"{ttl.total_seconds():f}"}
    row = _row(_id(wallet), TransactionType.RESERVATION, key, said, amount=-checked(amount), terms=terms)
    return _settled("reserve", {**row, "hold_id": uuid7()}, now)


def extend(
    *, hold: Hold | UUID, key: str, until: datetime, amount: Decimal = Decimal(0), now: datetime | None = None
) -> Posted | None:
    """Keep a hold until a later moment and, with an amount, set more aside for it.

    Answers the reservation of the further amount, if there is one. A moment before the present one
    changes nothing. Raises HoldResolved, HoldExpired, or what ``reserve`` raises.
    """
    terms = {"hold": str(_id(hold)), "until": until.isoformat()}
    row = _hold_row(hold, TransactionType.RESERVATION, key, {}, amount=-checked(amount, zero=True), terms=terms)
    return _result("extend", row, now)


def capture(*, hold: Hold | UUID, amount: Decimal, key: str, now: datetime | None = None, **said: Any) -> Posted:
    """Take up to what is held and give the rest back; answers the debit.

    Two rows in one statement: the release of all that was held, then the debit, from the very lots that
    were set aside. Raises HoldResolved, HoldExpired, CaptureTooLarge or IdempotencyConflict.
    """
    amount, terms = -checked(amount, zero=True), {"hold": str(_id(hold))}
    return _settled("capture", _hold_row(hold, TransactionType.DEBIT, key, said, amount=amount, terms=terms), now)


def release(*, hold: Hold | UUID, key: str, now: datetime | None = None, **said: Any) -> Posted:
    """Give back all that is held. Raises HoldResolved or IdempotencyConflict."""
    terms = {"hold": str(_id(hold))}
    return _settled("release", _hold_row(hold, TransactionType.RELEASE, key, said, terms=terms), now)


def expire(*, hold: Hold | UUID, now: datetime | None = None) -> Posted:
    """Give back what a hold set aside past its time. Raises HoldNotDue or HoldResolved."""
    said = {"description": "The hold expired"}
    row = _hold_row(hold, TransactionType.RELEASE, f"hold_expired:{_id(hold)}", said)
    return _settled("expire", row, now)


def expire_lots(*, wallet: Wallet | UUID, now: datetime | None = None) -> None:
    """Take out what is left of lots that have expired; does nothing when none has. Raises WalletClosed."""
    _result("expire_lots", {"wallet_id": _id(wallet)}, now)


def reverse(
    *,
    transaction: LedgerTransaction | Posted | UUID,
    key: str,
    reason: str,
    now: datetime | None = None,
    **said: Any,
) -> Posted:
    """Take a movement back, once, from and to the very lots it moved, saying why.

    Emits ``billing.wallet.credited``. Raises AlreadyReversed, NotReversible, CreditSpent when the
    credit that came in is not there any more, or what ``topup`` raises.
    """
    original = _row_of(LedgerTransaction, transaction, TransactionUnknown)
    terms = {"reverses": str(original.id)}
    said = {**said, "description": reason}
    row = _row(original.wallet_id, TransactionType.ADJUSTMENT, key, said, terms=terms)
    return _settled("reverse", {**row, "reverses_id": original.id}, now)


def post_many(batch: Sequence[Posting], *, now: datetime | None = None) -> list[Verdict]:
    """Post many movements together; each gets its own verdict, in the order asked.

    Wallets are locked in one order, so that batches never wait for each other in a circle. Of postings
    with the same key the first counts, the others are replays or conflicts of it. Nothing but a
    malformed amount or key raises.
    """
    for posting in batch:
        check_posting(posting)
    verdicts: dict[int, Verdict] = {}
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
        verdicts |= _verdicts(_post_all(rows, now), by_wallet)
        waiting = repeated
    unknown = Verdict(Outcome.UNKNOWN_WALLET)
    return [verdicts.get(index, unknown) for index in range(len(batch))]


def _incoming(
    operation: Operation,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    expires_at: datetime | None,
    priority: int,
    now: datetime | None,
    said: Mapping[str, Any],
) -> Posted:
    terms: dict[str, Any] = {"priority": priority}
    if not 0 <= priority <= LAST_PRIORITY:
        raise Invalid(errors={"priority": [f"Choose a priority between 0 and {LAST_PRIORITY}."]})
    if expires_at is not None:
        terms["expires_at"] = expires_at.astimezone(UTC).isoformat()
    return _posted(_posting(operation, wallet, checked(amount), key, {**said, "terms": terms}), now)


def _posting(
    operation: Operation, wallet: Wallet | UUID, amount: Decimal, key: str, said: Mapping[str, Any]
) -> Posting:
    said = dict(said)
    actor = said.pop("actor", None)
    reference = said.pop("reference", None) or NO_REFERENCE
    posting = Posting(
        operation, _id(wallet), amount, key, reference=reference, created_by_id=actor.pk if actor else None, **said
    )
    check_posting(posting)
    return posting


def _row(
    wallet_id: UUID,
    kind: TransactionType,
    key: str,
    said: Mapping[str, Any],
    *,
    amount: Decimal | None = None,
    terms: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    check_key(key)
    said = dict(said)
    actor, reference = said.pop("actor", None), said.pop("reference", None) or NO_REFERENCE
    return {
        "id": uuid7(),
        "wallet_id": wallet_id,
        "transaction_type": kind.value,
        "amount": amount,
        "idempotency_key": key,
        "reference_type": reference.kind,
        "reference_id": reference.id,
        "created_by": actor.pk if actor else None,
        "description": said.pop("description", ""),
        "metadata": said.pop("metadata", None) or {},
        "terms": terms or {},
        **said,
    }


def _hold_row(
    hold: Hold | UUID, kind: TransactionType, key: str, said: Mapping[str, Any], **rest: Any
) -> dict[str, Any]:
    row = _row_of(Hold, hold, HoldUnknown)
    return {**_row(row.wallet_id, kind, key, said, **rest), "hold_id": row.pk}


def _posted(posting: Posting, now: datetime | None) -> Posted:
    with _other_wallets_keys():
        answers = postings.post({posting.wallet_id: [posting.row()]}, now)
    answer = next((answer for answer in answers if answer.place is not None), None)
    if answer is None:
        raise WalletUnknown
    result = _accepted(answer, -posting.amount if posting.operation == Operation.ADJUSTMENT else posting.amount)
    if result is None:
        raise RuntimeError("The engine posted nothing and refused nothing.")
    tell(answers)
    return result


def _settled(operation: str, row: Mapping[str, Any], now: datetime | None) -> Posted:
    result = _result(operation, row, now)
    if result is None:
        raise RuntimeError("The engine posted nothing and refused nothing.")
    return result


def _result(operation: str, row: Mapping[str, Any], now: datetime | None) -> Posted | None:
    with _other_wallets_keys():
        answer = postings.settle(operation, row, now)
    result = _accepted(answer, -(row.get("amount") or Decimal(0)))
    tell([answer])
    return result


@contextmanager
def _other_wallets_keys() -> Iterator[None]:
    try:
        yield
    except KeyTakenElsewhere as error:
        raise _conflict("wallet") from error


def _post_all(rows: Mapping[UUID, Sequence[Mapping[str, Any]]], now: datetime | None) -> list[Answer]:
    for _attempt in range(MOST_ATTEMPTS - 1):
        with suppress(KeyTakenElsewhere), database.atomic():
            return postings.post(rows, now)
    return postings.post(rows, now)


def _conflict(field: str) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"This key named a movement with something else as its {field} before; use a new one.", field=field
    )


def _accepted(answer: Answer, required: Decimal) -> Posted | None:
    if answer.outcome in {Outcome.POSTED, Outcome.REPLAYED}:
        return answer.posted
    if answer.outcome == Outcome.CONFLICT:
        raise _conflict(answer.field)
    if answer.outcome == Outcome.INSUFFICIENT:
        available = answer.available or Decimal(0)
        raise InsufficientBalance(
            f"This takes {amounts.plain(required)} {answer.currency} and {amounts.plain(available)} are available: "
            "top the wallet up or ask for less.",
            required=str(required),
            available=str(available),
            currency=answer.currency,
        )
    raise BY_OUTCOME[answer.outcome]


def _verdicts(answers: Sequence[Answer], by_wallet: Mapping[UUID, Sequence[int]]) -> dict[int, Verdict]:
    tell(answers)
    found = {}
    for answer in answers:
        if answer.place is not None and answer.wallet_id is not None:
            index = by_wallet[answer.wallet_id][answer.place - 1]
            found[index] = Verdict(Outcome(answer.outcome), answer.posted, answer.field, answer.available)
    return found


def _id(row: Any) -> UUID:
    return row if isinstance(row, UUID) else row.pk


def _row_of(model: Any, given: Any, missing: type[DomainError]) -> Any:
    row = model.objects.filter(pk=given).first() if isinstance(given, UUID) else given
    if row is None:
        raise missing
    return row
