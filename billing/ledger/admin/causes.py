"""What caused a movement or a hold, as a link to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import NoReverseMatch, reverse

# The kinds of things the ledger refers to: how they are called, and which model's page shows them.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "usage_event": ("Usage event", "usageevent"),
    "invoice": ("Invoice", "invoice"),
    "payment": ("Payment", "payment"),
    "stripe_payment": ("Payment", "payment"),
    "auto_topup": ("Auto top-up", "autotopup"),
    "credit_lot": ("Expired credit", "creditlot"),
    "legacy_credit": ("Legacy credit", "credittransaction"),
    "legacy_balance": ("Legacy balance", ""),
    "hold": ("Hold", "hold"),
    "manual": ("By hand", ""),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """A thing the ledger refers to; ``url`` is empty when there is no page of it."""

    title: str
    url: str = ""


def cause_of(row: Any) -> Cause | None:
    """What the row's reference names, or its hold; None when it names nothing."""
    if row.reference_type:
        title, model = KINDS.get(row.reference_type, (row.reference_type.replace("_", " ").capitalize(), ""))
        return Cause(title, page_of(model, row.reference_id) if model and row.reference_id else "")
    hold_id = getattr(row, "hold_id", None)
    return Cause("Hold", page_of("hold", hold_id)) if hold_id else None


def page_of(model: str, key: Any, page: str = "change") -> str:
    """The address of a billing row's page, or empty when the model has none."""
    try:
        return reverse(f"admin:billing_{model}_{page}", args=(key,))
    except NoReverseMatch:
        return ""
