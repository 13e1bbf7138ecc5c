"""What is asked of the ledger's engine and what it answers; ``ledger`` turns answers into results and errors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection

from lad.db.identifiers import uuid7


class Outcome(StrEnum):
    """What became of a posting."""

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
    """What a posting of a batch may do; ``adjustment`` alone is signed."""

    TOPUP = "topup"
    CREDIT = "credit"
    DEBIT = "debit"
    ADJUSTMENT = "adjustment"


class KeyTakenElsewhere(Exception):
    """A movement of another wallet took the key at the same moment; the transaction, or savepoint, is lost."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What caused a movement, such as a usage event or a payment."""

    kind: str = ""
    id: UUID | None = None


NO_REFERENCE: Final = Reference()


@dataclass(frozen=True, slots=True)
class Posted:
    """One row of the ledger as it was written first; the same at every replay."""

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
    """One movement to be posted with others. ``amount`` is positive, but of an adjustment signed."""

    operation: Operation
    wallet_id: UUID
    amount: Decimal
    key: str
    reference: Reference = NO_REFERENCE
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)
    created_by_id: UUID | None = None

    def row(self) -> dict[str, Any]:
        """The posting in the ledger's columns."""
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
class Verdict:
    """What became of one posting of a batch; ``field`` is what a conflicting one asks differently."""

    outcome: Outcome
    posted: Posted | None = None
    field: str = ""
    available: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says of one movement. ``place`` is None for credit that expired on the way."""

    wallet_id: UUID | None
    place: int | None
    outcome: str
    field: str
    available: Decimal | None
    currency: str
    is_low: bool
    posted: Posted | None


# The fields of Posted, in its order, but for ``replayed``.
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
# Python reads the text of a moment ten times as fast as the driver.
_SELECT: Final = (
    "SELECT wallet, place, outcome, field, available, currency, is_low, "
    + ", ".join(f"(entry).{name}" + ("::text" if name == "created_at" else "") for name in _COLUMNS)
    + " FROM "
)
POST: Final = _SELECT + "billing_post(%s::jsonb, %s)"
SETTLE: Final = _SELECT + "billing_settle(%s, %s::jsonb, %s)"
KEY_CONSTRAINT: Final = "billing_ledger_transactions_idempotency_key"


def post(rows: Mapping[UUID, Sequence[Mapping[str, Any]]], now: datetime | None) -> list[Answer]:
    """Post rows by wallet, in one statement; places count from 1 in each wallet's list."""
    postings = {str(wallet_id): listed for wallet_id, listed in rows.items()}
    return _answers(POST, [_json(postings), now])


def settle(operation: str, row: Mapping[str, Any], now: datetime | None) -> Answer:
    """Post one movement of a hold, or one that takes back an earlier one, in one statement."""
    return _answers(SETTLE, [operation, _json(row), now])[0]


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


def _answers(sql: str, parameters: Sequence[Any]) -> list[Answer]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [_answer(row) for row in cursor.fetchall()]
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) == KEY_CONSTRAINT:
            raise KeyTakenElsewhere from error
        raise


def _answer(row: Sequence[Any]) -> Answer:
    wallet_id, place, outcome, different, available, currency, is_low = row[:_FIRST_COLUMN]
    posted = None
    if row[_FIRST_COLUMN]:
        columns = [*row[_FIRST_COLUMN:], outcome != Outcome.POSTED]
        columns[_CREATED_AT] = datetime.fromisoformat(columns[_CREATED_AT])
        posted = Posted(*columns)
    return Answer(wallet_id, place, outcome, different, available, currency, is_low, posted)
