"""Reserve, capture and release many holds in one statement each.

Each request gets the result that ``ledger.reserve``, ``capture`` or ``release`` would give: one that is refused does
not block the rest. Wallets are locked in a fixed order, so batches cannot deadlock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from billing.ledger.models import Hold, TransactionType, Wallet
from billing.ledger.references import Reference
from billing.ledger.services import client
from billing.ledger.services.announcements import announce
from billing.ledger.services.client import LedgerReply, PostedTransaction
from billing.ledger.services.ledger import accepted
from billing.ledger.services.rows import build_hold_row, build_row, row_id
from billing.ledger.services.validation import valid_amount
from lad.db.identifiers import uuid7
from lad.errors import DomainError


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request to reserve ``amount`` for what ``reference`` names."""

    amount: Decimal
    key: str
    reference: Reference
    description: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """A request to charge ``amount`` to a hold and to release the rest of it."""

    hold: Hold
    amount: Decimal
    key: str
    reference: Reference
    description: str = ""


@dataclass(frozen=True, slots=True)
class HoldResult:
    """The result of one request: the posted transaction, or the error that ``ledger`` would have raised."""

    posted: PostedTransaction | None
    error: DomainError | None


def reserve_many(
    *, wallet: Wallet | UUID, reservations: Sequence[Reservation], ttl: timedelta, now: datetime | None = None
) -> list[HoldResult]:
    """Reserve each amount, in order, until it is captured or released or ``ttl`` has passed."""
    terms = {"seconds": f"{ttl.total_seconds():f}"}
    rows = []
    for each in reservations:
        row = build_row(
            row_id(wallet),
            TransactionType.RESERVATION,
            each.key,
            {"reference": each.reference, "description": each.description},
            amount=-valid_amount(each.amount),
            terms=terms,
        )
        rows.append({**row, "hold_id": uuid7()})
    return _results(client.settle_many("reserve", rows, now), [each.amount for each in reservations])


def capture_many(*, captures: Sequence[Capture], now: datetime | None = None) -> list[HoldResult]:
    """Charge each hold and release its rest. The errors are those of ``ledger.capture``."""
    ordered = sorted(captures, key=lambda each: (each.hold.wallet_id, each.hold.pk))
    rows = [
        build_hold_row(
            each.hold,
            TransactionType.DEBIT,
            each.key,
            {"reference": each.reference, "description": each.description},
            amount=-valid_amount(each.amount, zero=True),
            terms={"hold": str(each.hold.pk)},
        )
        for each in ordered
    ]
    results = _results(client.settle_many("capture", rows, now), [each.amount for each in ordered])
    places = {each.key: result for each, result in zip(ordered, results, strict=True)}
    return [places[each.key] for each in captures]


def release_many(*, holds: Sequence[Hold], now: datetime | None = None) -> list[HoldResult]:
    """Release all that each hold reserves. The errors are those of ``ledger.release``."""
    ordered = sorted(holds, key=lambda hold: (hold.wallet_id, hold.pk))
    rows = [
        build_hold_row(hold, TransactionType.RELEASE, f"hold_released:{hold.pk}", {}, terms={"hold": str(hold.pk)})
        for hold in ordered
    ]
    results = _results(client.settle_many("release", rows, now), [hold.amount for hold in ordered])
    places = {hold.pk: result for hold, result in zip(ordered, results, strict=True)}
    return [places[hold.pk] for hold in holds]


def _results(replies: Sequence[LedgerReply], amounts: Sequence[Decimal]) -> list[HoldResult]:
    announce(replies)
    results = []
    for reply, amount in zip(replies, amounts, strict=True):
        try:
            results.append(HoldResult(accepted(reply, amount), None))
        except DomainError as error:
            results.append(HoldResult(None, error))
    return results
