"""How the pages of leads show keys, amounts and dates."""

from decimal import Decimal
from typing import Final

from lad.figures import Figure

NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def amount(value: Decimal | None, currency: str) -> Figure | None:
    """Return an amount in whole units with its currency, or None if there is none."""
    return None if value is None else Figure(f"{value:,.0f}{NO_BREAK}{currency}")
