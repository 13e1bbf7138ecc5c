"""Link a ledger transaction or hold to what caused it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from billing.ledger.models import Hold, LedgerTransaction
from billing.ledger.references import ReferenceKind
from lad.labels import in_words

# Each reference type with its title and the model whose admin page shows it, if any.
REFERENCE_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    ReferenceKind.USAGE_EVENT: ("Usage event", "usageevent"),
    ReferenceKind.INVOICE: ("Invoice", "invoice"),
    ReferenceKind.PAYMENT: ("Payment", "payment"),
    ReferenceKind.STRIPE_PAYMENT: ("Payment", "payment"),
    ReferenceKind.AUTO_TOPUP: ("Auto top-up", "autotopup"),
    ReferenceKind.CREDIT_LOT: ("Expired credit", "creditlot"),
    ReferenceKind.LEGACY_CREDIT: ("Legacy credit", "credittransaction"),
    ReferenceKind.LEGACY_BALANCE: ("Legacy balance", ""),
    ReferenceKind.HOLD: ("Hold", "hold"),
    ReferenceKind.WALLET: ("Closed wallet", "wallet"),
    ReferenceKind.MANUAL: ("Manual posting", ""),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a transaction or hold. ``url`` is empty if it has no admin page."""

    title: str
    url: str = ""


def cause_of(row: LedgerTransaction | Hold) -> Cause | None:
    """Return the cause that the row refers to, or its hold, or None."""
    if row.reference_type:
        title, model = REFERENCE_TYPES.get(row.reference_type, (in_words(row.reference_type), ""))
        return Cause(title, page_of(model, row.reference_id) if model and row.reference_id else "")
    hold_id = row.hold_id if isinstance(row, LedgerTransaction) else None
    return Cause("Hold", page_of("hold", hold_id)) if hold_id else None


def page_of(model: str, key: UUID | str, page: str = "change") -> str:
    """Return the URL of a billing row's admin page, or an empty string if the model has none."""
    try:
        return reverse(f"admin:billing_{model}_{page}", args=(key,))
    except NoReverseMatch:
        return ""
