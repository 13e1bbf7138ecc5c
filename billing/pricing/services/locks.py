"""Keep the price list and the use that it prices apart.

A price ends at the moment in which its change is decided, and other transactions see that only after the commit.
Use of the time in between would be recorded at the price that has ended. So a change waits for use that is being
recorded, and use waits for a change.
"""

from typing import Final

from django.db import OperationalError, connection

from lad.errors import Unavailable

# A change gives up rather than hold up all recording behind a transaction that does not end.
LOCK_TIMEOUT: Final = "5s"
_KEY: Final = "hashtextextended('billing_pricing_catalog', 0)"
_SHARE: Final = f"SELECT pg_advisory_xact_lock_shared({_KEY})"
_LOCK: Final = f"SELECT pg_advisory_xact_lock({_KEY})"
_SET_TIMEOUT: Final = "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)"


class PriceListBusy(Unavailable):
    """Use is being recorded without a pause, so the prices cannot change now. Try again in a moment."""

    code = "price_list_busy"


def share_price_list() -> None:
    """Keep the price list as it is until the transaction ends. Waits for a change in progress."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE)


def lock_price_list() -> None:
    """Let nobody record use until the transaction ends. Call it before deciding the time of a change.

    Waits for use that is being recorded. Raises PriceListBusy if that takes more than five seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SET_TIMEOUT, [LOCK_TIMEOUT])
        [before, _now] = cursor.fetchone()
        try:
            cursor.execute(_LOCK)
        except OperationalError as error:
            raise PriceListBusy from error
        cursor.execute(_SET_TIMEOUT, [before])
