"""Credit notes: what takes back a finalised invoice, in whole or in part."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from billing import reasons
from billing.invoicing.errors import CreditTooLarge, WrongInvoiceStatus
from billing.invoicing.models import CREDIT_NOTES, UNPAID, Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.finalising import number, recipient
from billing.invoicing.services.lines import apply_tax, line, line_sum, require_amounts, tax_line
from billing.invoicing.services.payment import open_amount
from billing.invoicing.services.steps import locked, settle
from billing.ledger.models import Wallet
from billing.ledger.services import ledger, wallets
from billing.money import plain, to_cent, to_line
from lad.db.identifiers import uuid7
from lad.errors import Invalid

# How a credit note was settled, as its payment method says.
TO_WALLET: Final = "wallet"
OFF_THE_INVOICE: Final = "set off"
REFUNDED: Final = "refund"


@transaction.atomic
def credit_note(
    *,
    invoice: Invoice,
    reason: str,
    lines: Sequence[Mapping[str, Any]] | None = None,
    amount: Decimal | None = None,
    to_wallet: bool = False,
    wallet: Wallet | None = None,
    key: str = "",
    now: datetime | None = None,
    actor: Any = None,
) -> Invoice:
    """Take back some of a finalised invoice: ``lines`` without tax, or an ``amount`` with its tax.

    The tax on it is the invoice's own, in proportion; what is left over in cents goes with the last
    credit note. It is finalised at once and settled: off what is open on an unpaid invoice, into a
    wallet with ``to_wallet`` (the tenant's own unless one is given), else as a refund made elsewhere.
    The same ``key`` gives the same note. Raises CreditTooLarge, WrongInvoiceStatus, and Invalid, also without
    a reason.
    """
    original = locked(invoice, InvoiceStatus.PAID, *UNPAID)
    if original.kind == InvoiceKind.CREDIT_NOTE:
        raise WrongInvoiceStatus("A credit note is not credited itself: write an invoice.")
    note_id = uuid5(original.pk, key) if key else uuid7()
    known: Invoice | None = Invoice.objects.filter(pk=note_id).first()
    if known is not None:
        return known
    row = _drafted(original, note_id, reasons.given(reason), lines, amount)
    profile = profile_of(original.tenant_id)
    row.recipient = original.recipient or recipient(profile)
    row.created_at = now or timezone.now()
    row.save(force_insert=True)
    method = _method(original, row, to_wallet)
    row = number(row, profile, now=row.created_at, paid_by=method, actor=actor)
    if method == TO_WALLET:
        _into_wallet(original, row, wallet, actor)
    if original.status in UNPAID and open_amount(original) <= 0:
        settle(original, "credit note", row.finalised_at or timezone.now(), actor)
    return row


def creditable(invoice: Invoice) -> tuple[Decimal, Decimal]:
    """What can still be credited: without tax, and the tax on it."""
    notes = Invoice.objects.filter(corrects=invoice.pk, finalised_at__isnull=False)
    gone = notes.aggregate(subtotal=Sum("subtotal"), tax=Sum("tax"))
    return invoice.subtotal - (gone["subtotal"] or 0), invoice.tax - (gone["tax"] or 0)


def _drafted(
    original: Invoice, note_id: UUID, reason: str, lines: Sequence[Mapping[str, Any]] | None, amount: Decimal | None
) -> Invoice:
    row = Invoice(
        pk=note_id,
        kind=InvoiceKind.CREDIT_NOTE,
        series=CREDIT_NOTES,
        corrects=original,
        currency=original.currency,
        period_start=original.period_start,
        period_end=original.period_end,
        metadata={"reason": reason},
    )
    left, tax_left = creditable(original)
    if (lines is None) == (amount is None):
        raise Invalid(errors={"amount": ["Say either which lines are credited or how much."]})
    if lines is not None:
        require_amounts(lines)
        row.line_items, subtotal = list(lines), line_sum(lines)
        tax = tax_left if subtotal == left else _share(original.tax, subtotal, original.subtotal)
    else:
        total = to_line(amount or Decimal(0))
        tax = tax_left if total == left + tax_left else _share(original.tax, total, original.total)
        subtotal = total - tax
        row.line_items = [line(f"Credit on {original}", Decimal(1), subtotal)] if subtotal > 0 else []
    if subtotal <= 0:
        raise Invalid(errors={"amount": ["A credit note gives something back: write an amount above 0."]})
    if subtotal > left or tax > tax_left:
        raise CreditTooLarge(left=plain(left + tax_left), amount=plain(subtotal + tax))
    apply_tax(row, list(_taxes(original, subtotal, tax)))
    row.full_clean(exclude=["tenant", "corrects", "payment"], validate_constraints=False)
    return row


def _share(tax: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return to_cent(tax * part / whole) if whole else Decimal(0)


def _taxes(original: Invoice, subtotal: Decimal, tax: Decimal) -> Iterator[dict[str, str]]:
    """The tax of the credit note, called and rated as on the invoice."""
    if tax:
        first = original.tax_lines[0] if original.tax_lines else {"name": "Tax", "rate": "0"}
        yield tax_line(first["name"], Decimal(first["rate"]), subtotal, tax)


def _method(original: Invoice, row: Invoice, to_wallet: bool) -> str:
    if to_wallet and original.status in UNPAID and not original.prepaid_amount:
        raise WrongInvoiceStatus("It was not paid, so there is nothing to give back to a wallet: credit it only.")
    if to_wallet:
        return TO_WALLET
    if original.status not in UNPAID:
        return REFUNDED
    if original.prepaid_amount:
        raise WrongInvoiceStatus("The use on it was paid by a wallet: give it back to the wallet.")
    return OFF_THE_INVOICE


def _into_wallet(original: Invoice, row: Invoice, wallet: Wallet | None, actor: Any) -> None:
    into = wallet or wallets.open_wallet(currency=row.currency, actor=actor)
    if into.currency != row.currency:
        raise Invalid(errors={"to_wallet": [f"The wallet holds {into.currency}, the invoice is in {row.currency}."]})
    # Tax that was not paid yet comes off the invoice instead.
    back = row.subtotal if original.status in UNPAID else row.total
    ledger.credit(
        wallet=into,
        amount=back,
        key=f"credit_note_{row.pk}",
        reference=ledger.Reference("invoice", row.pk),
        description=f"Credit note {row}",
        actor=actor,
    )
