"""The causes of postings that mean something to LAD, and the reference that names one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from lad.errors import Invalid


class ReferenceKind(StrEnum):
    """The reserved kinds of references. Only the code that owns a kind may use it.

    The invoices, the audit and the move of legacy credits tell rows apart by them.
    """

    USAGE_EVENT = "usage_event"
    INVOICE = "invoice"
    PAYMENT = "payment"
    STRIPE_PAYMENT = "stripe_payment"
    AUTO_TOPUP = "auto_topup"
    CREDIT_LOT = "credit_lot"
    LEGACY_CREDIT = "legacy_credit"
    LEGACY_BALANCE = "legacy_balance"
    HOLD = "hold"
    WALLET = "wallet"
    MANUAL = "manual"


RESERVED: Final = frozenset(kind.value for kind in ReferenceKind)


@dataclass(frozen=True, slots=True)
class Reference:
    """The row that caused a posting, such as a usage event or a payment.

    ``kind`` is a ReferenceKind, or any other text. Raises Invalid for a text that spells a reserved kind: it
    comes from outside.
    """

    kind: str = ""
    id: UUID | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, ReferenceKind) and self.kind.strip().casefold() in RESERVED:
            message = f"LAD uses {self.kind} for its own postings. Choose another type."
            raise Invalid(errors={"reference_type": [message]})


NO_REFERENCE: Final = Reference()
