"""Columns, JSON schemas and rounding of money, prices and quantities."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import models
from django.db.models import Q

from billing.currencies import decimals

DEFAULT_CURRENCY: Final = "USD"
MICRO: Final = Decimal("0.000001")
PRICE_STEP: Final = Decimal("0.0000000001")
# numeric(18,6) has twelve digits before the decimal point.
WHOLE_DIGITS: Final = 12
AMOUNT_LIMIT: Final = Decimal(10) ** WHOLE_DIGITS

# Amounts are JSON strings, because JSON numbers are read as floats.
AMOUNT_SHAPE: Final = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}
QUANTITY_SHAPE: Final = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,6})?$"}
UNIT_PRICE_SHAPE: Final = {"type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,10})?$"}


def amount_field(**kwargs: Any) -> models.DecimalField:
    """Return a column for an amount in the row's currency, or a quantity: numeric(18,6)."""
    return models.DecimalField(max_digits=18, decimal_places=6, **kwargs)


def unit_price_field(**kwargs: Any) -> models.DecimalField:
    """Return a column for the price of one unit: numeric(18,10)."""
    return models.DecimalField(max_digits=18, decimal_places=10, **kwargs)


def legacy_credits_field(**kwargs: Any) -> models.DecimalField:
    """Return a column for a number of legacy credits: numeric(10,2)."""
    return models.DecimalField(max_digits=10, decimal_places=2, **kwargs)


def currency_field(**kwargs: Any) -> models.CharField:
    """Return a column for an ISO 4217 code."""
    return models.CharField(max_length=3, default=DEFAULT_CURRENCY, db_default=DEFAULT_CURRENCY, **kwargs)


def currency_check(table: str) -> models.CheckConstraint:
    """Return the check that a currency is three capital letters."""
    return models.CheckConstraint(
        condition=Q(currency__regex=r"^[A-Z]{3}$"),
        name=f"{table}_currency_code",
        violation_error_message="Enter the currency as three capital letters, such as USD.",
    )


def plain(amount: Decimal) -> str:
    """Return the amount without trailing zeros."""
    return f"{Decimal(amount).normalize():f}"


def round_amount(amount: Decimal) -> Decimal:
    """Round an amount to six decimals, half up."""
    return amount.quantize(MICRO, ROUND_HALF_UP)


def round_unit_price(amount: Decimal) -> Decimal:
    """Round a unit price to ten decimals, half up."""
    return amount.quantize(PRICE_STEP, ROUND_HALF_UP)


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount that can be paid in the currency: 0.01 for USD, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-decimals(currency))


def round_to_minor(amount: Decimal, currency: str) -> Decimal:
    """Round tax and amounts due to the minor unit of the currency, half up."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def is_payable(amount: Decimal, currency: str) -> bool:
    """Return whether an amount is a whole number of minor units of the currency."""
    return amount == round_to_minor(amount, currency)


def not_payable(currency: str) -> str:
    """Return the message for an amount with more decimals than the currency has."""
    places = decimals(currency)
    if not places:
        return f"Amounts in {currency} have no decimals."
    return f"Amounts in {currency} have at most {places} decimals."
