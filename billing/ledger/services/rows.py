"""Turn the arguments of the ledger's functions into postings and rows for the ledger client."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from billing.ledger.errors import HoldUnknown
from billing.ledger.models import Hold, TransactionType, Wallet
from billing.ledger.references import NO_REFERENCE, Reference
from billing.ledger.services.client import Operation, Posting
from billing.ledger.services.validation import check_key, check_posting
from lad.db.identifiers import uuid7
from lad.types import Actor


class PostingDetails(TypedDict, total=False):
    """Optional details of every posting: its cause, a text, further data and the acting user."""

    reference: Reference
    description: str
    metadata: Mapping[str, object]
    actor: Actor


def build_posting(
    operation: Operation,
    wallet: Wallet | UUID,
    amount: Decimal,
    key: str,
    details: PostingDetails,
    terms: Mapping[str, object] | None = None,
) -> Posting:
    """Return the posting. Raise Invalid if its key or amount is malformed."""
    actor = details.get("actor")
    posting = Posting(
        operation,
        row_id(wallet),
        amount,
        key,
        reference=details.get("reference") or NO_REFERENCE,
        description=details.get("description", ""),
        metadata=details.get("metadata") or {},
        terms=terms or {},
        created_by_id=actor.pk if actor else None,
    )
    check_posting(posting)
    return posting


def build_row(
    wallet_id: UUID,
    kind: TransactionType,
    key: str,
    details: PostingDetails,
    *,
    amount: Decimal | None = None,
    terms: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the columns of one transaction. Raise Invalid if the key is malformed."""
    check_key(key)
    actor, reference = details.get("actor"), details.get("reference") or NO_REFERENCE
    return {
        "id": uuid7(),
        "wallet_id": wallet_id,
        "transaction_type": kind.value,
        "amount": amount,
        "idempotency_key": key,
        "reference_type": reference.kind,
        "reference_id": reference.id,
        "created_by": actor.pk if actor else None,
        "description": details.get("description", ""),
        "metadata": details.get("metadata") or {},
        "terms": terms or {},
    }


def build_hold_row(
    hold: Hold | UUID,
    kind: TransactionType,
    key: str,
    details: PostingDetails,
    *,
    amount: Decimal | None = None,
    terms: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the columns of one transaction of a hold. Raise HoldUnknown if the hold does not exist."""
    found = hold if isinstance(hold, Hold) else _hold(hold)
    return {**build_row(found.wallet_id, kind, key, details, amount=amount, terms=terms), "hold_id": found.pk}


def row_id(row: Wallet | Hold | UUID) -> UUID:
    """Return the id of a row that is given as itself or as its id."""
    key: UUID = row if isinstance(row, UUID) else row.pk
    return key


def _hold(key: UUID) -> Hold:
    row: Hold | None = Hold.objects.filter(pk=key).first()
    if row is None:
        raise HoldUnknown
    return row
