"""Credit notes, which correct a finalised invoice in whole or in part."""

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
from billing.invoicing.services.lines import apply_tax, line_sum, require_amounts, tax_line
from billing.invoicing.services.payment import open_amount
from billing.invoicing.services.transitions import locked, mark_paid
from billing.ledger.models import Wallet
from billing.ledger.services import ledger, wallets
from billing.money import is_payable, not_payable, plain, round_amount, round_to_minor
from lad.db.identifiers import uuid7
from lad.errors import Invalid
from lad.languages import localisation
from lad.types import Actor

# The payment method of a credit note says how it was settled.
TO_WALLET: Final = "wallet"
SET_OFF: Final = "set off"
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
    actor: Actor = None,
) -> Invoice:
    """Credit part or all of a finalised invoice: ``lines`` before tax, or an ``amount`` including tax.

    Tax is the invoice's own, in proportion to all that was credited so far, so that the notes of an invoice add
    up exactly to it however small they are. The note is finalised and settled at once: it reduces the open amount
    of an unpaid invoice, goes into a wallet with ``to_wallet`` (the tenant's own unless ``wallet`` is given), or
    is a refund made outside of LAD. What exceeds the open amount is ``credit_owed``, and the note stays pending
    until that is deducted or paid back. A repeated ``key`` returns the same note. Raises CreditTooLarge,
    WrongInvoiceStatus, or Invalid, for example without a reason or for an amount with too many decimals.
    """
    original = locked(invoice, InvoiceStatus.PAID, *UNPAID)
    if original.kind == InvoiceKind.CREDIT_NOTE:
        raise WrongInvoiceStatus("A credit note cannot be credited. Write an invoice instead.")
    note_id = uuid5(original.pk, key) if key else uuid7()
    known: Invoice | None = Invoice.objects.filter(pk=note_id).first()
    if known is not None:
        return known
    row = _draft(original, note_id, reasons.require_reason(reason), lines, amount)
    profile = profile_of(original.tenant_id)
    row.recipient = original.recipient or recipient(profile)
    row.created_at = now or timezone.now()
    method = _settlement_method(original, row, to_wallet)
    if original.status in UNPAID:
        # Of usage that wallets paid, only the tax can be open.
        reduces = row.tax if original.prepaid_amount else row.total
        row.credit_owed = max(round_to_minor(reduces, row.currency) - open_amount(original), Decimal(0))
    row.save(force_insert=True)
    row = number(row, profile, now=row.created_at, paid_by="" if row.credit_owed else method, actor=actor)
    if method == TO_WALLET:
        _credit_wallet(original, row, wallet, actor)
    if original.status in UNPAID and open_amount(original) <= 0:
        mark_paid(original, "credit note", row.finalised_at or timezone.now(), actor)
    return row


def creditable(invoice: Invoice) -> tuple[Decimal, Decimal]:
    """Return what can still be credited, as an amount before tax and the tax on it."""
    notes = Invoice.objects.filter(corrects=invoice.pk, finalised_at__isnull=False)
    credited = notes.aggregate(subtotal=Sum("subtotal"), tax=Sum("tax"))
    return invoice.subtotal - (credited["subtotal"] or 0), invoice.tax - (credited["tax"] or 0)


def _draft(
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
        raise Invalid(errors={"amount": ["Give either the lines or the amount to credit."]})
    # A wallet, which paid for usage, takes back six decimals.
    exact = bool(original.prepaid_amount)
    if lines is not None:
        require_amounts(lines, row.currency, exact=exact)
        row.line_items, subtotal = list(lines), line_sum(lines)
        tax = _tax_of_lines(original, subtotal, left, tax_left)
    else:
        total = round_amount(amount or Decimal(0))
        tax = _tax_of_total(original, total, left, tax_left)
        subtotal = total - tax
        row.line_items = [_credit_line(_credit_on(original), subtotal)]
    if subtotal + tax <= 0:
        raise Invalid(errors={"amount": ["Give an amount above 0."]})
    if subtotal > left or tax > tax_left:
        raise CreditTooLarge(left=plain(left + tax_left), amount=plain(subtotal + tax))
    if not exact and not is_payable(subtotal + tax, row.currency) and subtotal != left:
        raise Invalid(errors={"amount": [not_payable(row.currency)]})
    apply_tax(row, list(_taxes(original, subtotal, tax)))
    row.full_clean(exclude=["tenant", "corrects", "payment"], validate_constraints=False)
    return row


def _tax_of_lines(original: Invoice, subtotal: Decimal, left: Decimal, tax_left: Decimal) -> Decimal:
    """Return the tax on lines to credit, of all that is credited with them less what was credited before."""
    if subtotal == left or not original.subtotal:
        return tax_left
    due = _share(original, original.subtotal - left + subtotal, original.subtotal) - (original.tax - tax_left)
    return min(max(due, Decimal(0)), max(tax_left, Decimal(0)))


def _tax_of_total(original: Invoice, total: Decimal, left: Decimal, tax_left: Decimal) -> Decimal:
    """Return the tax in an amount to credit, of all that is credited with it less what was credited before."""
    if total == left + tax_left or not original.total:
        return tax_left
    credited = original.total - left - tax_left
    due = _share(original, credited + total, original.total) - (original.tax - tax_left)
    # Neither the tax nor the rest can exceed what is left of it.
    return max(min(due, tax_left, total), total - left, Decimal(0))


def _share(original: Invoice, part: Decimal, whole: Decimal) -> Decimal:
    return round_to_minor(original.tax * part / whole, original.currency)


def _credit_on(original: Invoice) -> str:
    """Describe the credit in the language of the invoice, which is that of the note too."""
    return localisation(original.recipient.get("language", "")).text("Credit on {document}", document=original)


def _credit_line(description: str, amount: Decimal) -> dict[str, Any]:
    """Return the line of an amount, which may have more decimals than a line written by hand."""
    return {"description": description, "quantity": "1", "unit_price": plain(amount), "amount": plain(amount)}


def _taxes(original: Invoice, subtotal: Decimal, tax: Decimal) -> Iterator[dict[str, str]]:
    """Yield the credit note's tax under the invoice's name and rate."""
    if tax:
        taxed = original.tax_lines[0] if original.tax_lines else {"name": "Tax", "rate": "0"}
        # Tax on usage is charged on what its credits were bought for.
        share = (
            Decimal(taxed.get("taxable", original.subtotal)) / original.subtotal if original.subtotal else Decimal(1)
        )
        yield tax_line(taxed["name"], Decimal(taxed["rate"]), round_amount(subtotal * share), tax)


def _settlement_method(original: Invoice, row: Invoice, to_wallet: bool) -> str:
    if to_wallet and original.status in UNPAID and not original.prepaid_amount:
        raise WrongInvoiceStatus(
            "The invoice was not paid, so nothing can be credited to a wallet. Credit the invoice only."
        )
    if to_wallet:
        return TO_WALLET
    if original.status not in UNPAID:
        return REFUNDED
    if original.prepaid_amount:
        raise WrongInvoiceStatus("A wallet paid for the usage on this invoice. Credit the wallet instead.")
    return SET_OFF


def _credit_wallet(original: Invoice, row: Invoice, wallet: Wallet | None, actor: Actor) -> None:
    into = wallet or wallets.open_wallet(currency=row.currency, actor=actor)
    if into.currency != row.currency:
        raise Invalid(errors={"to_wallet": [f"The wallet holds {into.currency}, the invoice is in {row.currency}."]})
    # Tax that is still open reduces the invoice instead.
    amount = row.subtotal if original.status in UNPAID else row.total
    ledger.credit(
        wallet=into,
        amount=amount,
        key=f"credit_note_{row.pk}",
        reference=ledger.Reference(ledger.ReferenceKind.INVOICE, row.pk),
        description=f"Credit note {row}",
        actor=actor,
    )
