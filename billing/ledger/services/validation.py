"""Check amounts and idempotency keys before they reach the ledger."""

from decimal import Decimal
from typing import Final

from billing import money
from billing.ledger.errors import AmountTooLarge
from billing.ledger.services.client import Operation, Posting
from lad.errors import Invalid

MAX_KEY_LENGTH: Final = 255


def check_posting(posting: Posting) -> None:
    """Raise Invalid if the posting's key or amount is malformed."""
    check_key(posting.key)
    signed = posting.operation == Operation.ADJUSTMENT
    valid_amount(abs(posting.amount) if signed else posting.amount, zero=posting.operation == Operation.DEBIT)


def check_key(key: str) -> None:
    """Raise Invalid if the key is empty or too long."""
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise Invalid(errors={"key": [f"The key must have 1 to {MAX_KEY_LENGTH} characters."]})


def valid_amount(amount: Decimal, *, zero: bool = False) -> Decimal:
    """Return the amount. Raise Invalid if it is not positive (``zero`` allows 0) or has over six decimals."""
    if not amount.is_finite() or amount < 0 or (amount == 0 and not zero):
        raise Invalid(errors={"amount": ["The amount must be greater than 0."]})
    if amount >= money.AMOUNT_LIMIT:
        raise AmountTooLarge
    if amount != amount.quantize(money.MICRO):
        raise Invalid(errors={"amount": ["The amount may have at most six decimals."]})
    return amount
