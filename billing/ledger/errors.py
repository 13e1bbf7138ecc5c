"""Errors that the ledger raises. Their docstrings are the messages that callers of the API read."""

from collections.abc import Mapping
from typing import Final

from lad.errors import Conflict, DomainError, Invalid, NotFound


class InsufficientBalance(DomainError):
    """The wallet's available balance is too low. Top up the wallet or use a smaller amount."""

    code = "insufficient_balance"
    status = 402
    title = "Not enough credit"


class IdempotencyConflict(Conflict):
    """This idempotency key was already used for a different request. Use a new key."""

    code = "idempotency_conflict"


class WalletSuspended(Conflict):
    """The wallet is suspended. Reactivate it before spending from it."""

    code = "wallet_suspended"


class WalletClosed(Conflict):
    """The wallet is closed. Use another wallet."""

    code = "wallet_closed"


class WalletUnknown(NotFound):
    """The wallet does not exist."""


class HoldUnknown(NotFound):
    """The hold does not exist."""


class HoldResolved(Conflict):
    """The hold was already captured, released or expired."""

    code = "hold_resolved"


class HoldExpired(Conflict):
    """The hold has expired. Create a new hold."""

    code = "hold_expired"


class HoldNotDue(Conflict):
    """The hold has not expired yet."""

    code = "hold_not_due"


class CaptureTooLarge(Conflict):
    """The amount is larger than the hold. Extend the hold first."""

    code = "capture_too_large"


class TransactionUnknown(NotFound):
    """The transaction does not exist."""


class AlreadyReversed(Conflict):
    """The transaction was already reversed."""

    code = "already_reversed"


class NotReversible(Conflict):
    """Reservations, releases, reversals and expired credit cannot be reversed. Adjust the wallet instead."""

    code = "not_reversible"


class AmountTooLarge(Invalid):
    """The balance of a wallet must stay below 1,000,000,000,000."""

    code = "amount_too_large"


class CreditSpent(InsufficientBalance):
    """The credit was spent or has expired since. Adjust the wallet by what is left instead."""

    code = "credit_spent"


class CreditExpired(Invalid):
    """The credit must expire in the future. Choose a later time."""

    code = "credit_expired"


BY_OUTCOME: Final[Mapping[str, type[DomainError]]] = {
    "closed": WalletClosed,
    "suspended": WalletSuspended,
    "too_large": AmountTooLarge,
    "expired": CreditExpired,
    "credit_spent": CreditSpent,
    "unknown_wallet": WalletUnknown,
    "unknown_hold": HoldUnknown,
    "hold_resolved": HoldResolved,
    "hold_expired": HoldExpired,
    "hold_not_due": HoldNotDue,
    "capture_too_large": CaptureTooLarge,
    "unknown_transaction": TransactionUnknown,
    "already_reversed": AlreadyReversed,
    "not_reversible": NotReversible,
}
