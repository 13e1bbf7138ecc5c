"""Why the ledger refuses a movement; ``billing.ledger.services.ledger`` offers these by its own name."""

from collections.abc import Mapping
from typing import Final

from lad.errors import Conflict, DomainError, Invalid, NotFound


class InsufficientBalance(DomainError):
    """The wallet does not hold that much: top it up or ask for less."""

    code = "insufficient_balance"
    status = 402
    title = "Not enough credit"


class IdempotencyConflict(Conflict):
    """This key named another movement before; use a new one."""

    code = "idempotency_conflict"


class WalletSuspended(Conflict):
    """Nothing can be spent from a suspended wallet: have it reactivated."""

    code = "wallet_suspended"


class WalletClosed(Conflict):
    """A closed wallet takes and gives nothing; use another one."""

    code = "wallet_closed"


class WalletUnknown(NotFound):
    """There is no such wallet here."""


class HoldUnknown(NotFound):
    """There is no such hold here."""


class HoldResolved(Conflict):
    """The hold was captured, released or has expired before; it is resolved once."""

    code = "hold_resolved"


class HoldExpired(Conflict):
    """The hold has expired: what it set aside is given back. Reserve anew."""

    code = "hold_expired"


class HoldNotDue(Conflict):
    """The hold has not expired yet."""

    code = "hold_not_due"


class CaptureTooLarge(Conflict):
    """A capture takes at most what is held: extend the hold first."""

    code = "capture_too_large"


class TransactionUnknown(NotFound):
    """There is no such movement here."""


class AlreadyReversed(Conflict):
    """This movement was reversed before."""

    code = "already_reversed"


class NotReversible(Conflict):
    """Holds are released, and neither reversals nor expired credit can be reversed: adjust the wallet instead."""

    code = "not_reversible"


class AmountTooLarge(Invalid):
    """A wallet cannot hold that much: balances stay below 1,000,000,000,000."""

    code = "amount_too_large"


class CreditSpent(InsufficientBalance):
    """The credit that came in was spent, or has expired, since: adjust the wallet by what is left instead."""

    code = "credit_spent"


class CreditExpired(Invalid):
    """Credit expires at a moment to come: choose a later one."""

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
