"""The columns and JSON shapes in which billing keeps money, prices and quantities."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import models
from django.db.models import Q

DEFAULT_CURRENCY: Final = "USD"
MICRO: Final = Decimal("0.000001")
CENT: Final = Decimal("0.01")
PRICE_STEP: Final = Decimal("0.0000000001")
# numeric(18,6) has twelve places before the point.
TOO_LARGE: Final = Decimal(1_000_000_000_000)

# Text, not JSON numbers: those are read back as floats.
AMOUNT_SHAPE: Final = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}
QUANTITY_SHAPE: Final = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,6})?$"}
UNIT_PRICE_SHAPE: Final = {"type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,10})?$"}


def money(**kwargs: Any) -> models.DecimalField:
    """An amount in the row's currency, or a quantity: numeric(18,6)."""
    return models.DecimalField(max_digits=18, decimal_places=6, **kwargs)


def unit_price(**kwargs: Any) -> models.DecimalField:
    """The price of one unit: numeric(18,10)."""
    return models.DecimalField(max_digits=18, decimal_places=10, **kwargs)


def legacy_credits(**kwargs: Any) -> models.DecimalField:
    """A number of legacy credits: numeric(10,2)."""
    return models.DecimalField(max_digits=10, decimal_places=2, **kwargs)


def currency(**kwargs: Any) -> models.CharField:
    """An ISO 4217 code."""
    return models.CharField(max_length=3, default=DEFAULT_CURRENCY, db_default=DEFAULT_CURRENCY, **kwargs)


def currency_check(table: str) -> models.CheckConstraint:
    """The code is three capitals."""
    return models.CheckConstraint(
        condition=Q(currency__regex=r"^[A-Z]{3}$"),
        name=f"{table}_currency_code",
        violation_error_message="Write the currency as a code of three capital letters, such as USD.",
    )


def plain(amount: Decimal) -> str:
    """The amount without zeros that say nothing."""
    return f"{Decimal(amount).normalize():f}"


def to_line(amount: Decimal) -> Decimal:
    """An amount of a line: to the sixth decimal, half up."""
    return amount.quantize(MICRO, ROUND_HALF_UP)


def to_price(amount: Decimal) -> Decimal:
    """The price of one unit: to the tenth decimal, half up."""
    return amount.quantize(PRICE_STEP, ROUND_HALF_UP)


def to_cent(amount: Decimal) -> Decimal:
    """Tax, and what is asked for: to the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)
