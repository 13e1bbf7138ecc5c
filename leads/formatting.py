"""How the pages of leads show keys, amounts and dates."""

from datetime import datetime
from decimal import Decimal
from typing import Final

NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def in_words(key: str) -> str:
    """Return a key as people read it: ``closed_won`` as “Closed won”."""
    return key.replace("_", " ").replace("-", " ").capitalize()


def amount(value: Decimal | None, currency: str) -> str | None:
    """Return an amount in whole units with its currency, or None if there is none."""
    return None if value is None else f"{value:,.0f}{NO_BREAK}{currency}"


def day(moment: datetime) -> str:
    """Return the date without line breaks."""
    return f"{moment:%d %b %Y}".replace(" ", NO_BREAK)
