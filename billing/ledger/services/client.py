"""The ledger client: sends postings to the ledger's SQL functions and reads their replies.

Callers use ``billing.ledger.services.ledger``, which turns replies into results and errors.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection

from billing.ledger.references import NO_REFERENCE, Reference
from lad.db.identifiers import uuid7


class PostingOutcome(StrEnum):
    """The ledger's answer to a posting."""

    POSTED = "posted"
    REPLAYED = "replayed"
    CONFLICT = "conflict"
    INSUFFICIENT = "insufficient"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    TOO_LARGE = "too_large"
    EXPIRED = "expired"
    UNKNOWN_WALLET = "unknown_wallet"


class Operation(StrEnum):
    """The kinds of postings a batch may contain. Only ``adjustment`` takes a signed amount."""

    TOPUP = "topup"
    CREDIT = "credit"
    DEBIT = "debit"
    ADJUSTMENT = "adjustment"


class KeyTakenElsewhere(Exception):
    """Another wallet used the idempotency key at the same time. The transaction or savepoint must roll back."""


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    """A ledger transaction as it was first written. Every replay returns the same values."""

    id: UUID
    tenant_id: UUID
    wallet_id: UUID
    wallet_version: int
    transaction_type: str
    amount: Decimal
    balance_before: Decimal
    balance_after: Decimal
    reserved_after: Decimal
    idempotency_key: str
    created_at: datetime
    hold_id: UUID | None
    reverses_id: UUID | None
    replayed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Posting:
    """A request to post one transaction. ``amount`` is positive; an adjustment's is signed."""

    operation: Operation
    wallet_id: UUID
    amount: Decimal
    key: str
    reference: Reference = NO_REFERENCE
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    terms: Mapping[str, object] = field(default_factory=dict)
    created_by_id: UUID | None = None

    def row(self) -> dict[str, object]:
        """Return the posting as columns of the ledger, with the amount signed."""
        sign = "-" if self.operation == Operation.DEBIT and self.amount else ""
        return {
            "id": uuid7(),
            "transaction_type": self.operation.value,
            "amount": f"{sign}{self.amount:f}",
            "idempotency_key": self.key,
            "reference_type": self.reference.kind,
            "reference_id": self.reference.id,
            "created_by": self.created_by_id,
            "description": self.description,
            "metadata": self.metadata,
            "terms": self.terms,
        }


@dataclass(frozen=True, slots=True)
class PostingResult:
    """The result of one posting of a batch. ``field`` is the field that differs when the key was used before."""

    outcome: PostingOutcome
    posted: PostedTransaction | None = None
    field: str = ""
    available: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LedgerReply:
    """One row that the SQL functions return. ``position`` is None for credit that expired along the way."""

    wallet_id: UUID | None
    position: int | None
    outcome: str
    field: str
    available: Decimal | None
    currency: str
    is_low: bool
    posted: PostedTransaction | None


# The fields of PostedTransaction in order, without ``replayed``.
_COLUMNS: Final = (
    "id",
    "tenant_id",
    "wallet_id",
    "wallet_version",
    "transaction_type",
    "amount",
    "balance_before",
    "balance_after",
    "reserved_after",
    "idempotency_key",
    "created_at",
    "hold_id",
    "reverses_id",
)
_FIRST_COLUMN: Final = 7
_CREATED_AT: Final = _COLUMNS.index("created_at")
# Python parses the text of a timestamp ten times as fast as the driver does.
_SELECT: Final = (
    "SELECT wallet, place, outcome, field, available, currency, is_low, "
    + ", ".join(f"(entry).{name}" + ("::text" if name == "created_at" else "") for name in _COLUMNS)
    + " FROM "
)
POST: Final = _SELECT + "billing_post(%s::jsonb, %s)"
SETTLE: Final = _SELECT + "billing_settle(%s, %s::jsonb, %s)"
SETTLE_MANY: Final = (
    _SELECT + "jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS listed (posting, number), "
    "LATERAL billing_settle(%s, listed.posting, %s) ORDER BY listed.number"
)
KEY_CONSTRAINT: Final = "billing_ledger_transactions_idempotency_key"


def post(rows: Mapping[UUID, Sequence[Mapping[str, object]]], now: datetime | None) -> list[LedgerReply]:
    """Post rows grouped by wallet, in one statement. Positions count from 1 within each wallet's list."""
    postings = {str(wallet_id): listed for wallet_id, listed in rows.items()}
    return _replies(POST, [_json(postings), now])


def settle(operation: str, row: Mapping[str, object], now: datetime | None) -> LedgerReply:
    """Post one transaction of a hold, a reversal or an expiry, in one statement."""
    return _replies(SETTLE, [operation, _json(row), now])[0]


def settle_many(operation: str, rows: Sequence[Mapping[str, object]], now: datetime | None) -> list[LedgerReply]:
    """Do for each row what ``settle`` does, in order and in one statement."""
    return _replies(SETTLE_MANY, [_json(rows), operation, now]) if rows else []


def _json(value: object) -> str:
    return json.dumps(value, default=str)


def _replies(sql: str, parameters: Sequence[str | datetime | None]) -> list[LedgerReply]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [_reply(row) for row in cursor.fetchall()]
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) == KEY_CONSTRAINT:
            raise KeyTakenElsewhere from error
        raise


def _reply(row: tuple[Any, ...]) -> LedgerReply:
    wallet_id, position, outcome, different, available, currency, is_low = row[:_FIRST_COLUMN]
    posted = None
    if row[_FIRST_COLUMN]:
        columns = [*row[_FIRST_COLUMN:], outcome != PostingOutcome.POSTED]
        columns[_CREATED_AT] = datetime.fromisoformat(columns[_CREATED_AT])
        posted = PostedTransaction(*columns)
    return LedgerReply(wallet_id, position, outcome, different, available, currency, is_low, posted)
