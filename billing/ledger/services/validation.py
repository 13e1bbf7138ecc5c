"""Amounts and keys as the ledger takes them, refused at the edge with what to do."""

from decimal import Decimal
from typing import Final

from billing import money as amounts
from billing.ledger.errors import AmountTooLarge
from billing.ledger.services.client import Operation, Posting
from lad.errors import Invalid

LONGEST_KEY: Final = 255


def check_posting(posting: Posting) -> None:
    check_key(posting.key)
    signed = posting.operation == Operation.ADJUSTMENT
    checked(abs(posting.amount) if signed else posting.amount, zero=posting.operation == Operation.DEBIT)


def check_key(key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY:
        raise Invalid(errors={"key": [f"Name the movement with a key of 1 to {LONGEST_KEY} characters."]})


def checked(amount: Decimal, *, zero: bool = False) -> Decimal:
    if not amount.is_finite() or amount < 0 or (amount == 0 and not zero):
        raise Invalid(errors={"amount": ["Give an amount above 0."]})
    if amount >= amounts.TOO_LARGE:
        raise AmountTooLarge
    if amount != amount.quantize(amounts.MICRO):
        raise Invalid(errors={"amount": ["Money has at most six decimals here."]})
    return amount
