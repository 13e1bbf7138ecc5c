"""Previews of the invoice actions. Each runs the service itself as a dry run."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from billing.formatting import amount, percent
from billing.invoicing.mails import recipient_of
from billing.invoicing.models import Invoice, InvoiceKind
from billing.invoicing.services import invoices
from lad.admin.actions import Change, Preview, dry_run
from lad.times import iso_day
from lad.types import Actor


def finalise_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    made = dry_run(lambda: invoices.finalise(invoice=row, due_at=values["due_on"]))
    if made.credit_owed:
        settlement = [("Owed to the customer", amount(made.credit_owed, made.currency))]
    elif made.amount_due > 0:
        settlement = [("Due", f"{iso_day(made.due_at)}")]
    else:
        settlement = [("Paid", "with earlier credit" if made.applied_credit else "from wallets when it was charged")]
    warnings = () if made.recipient.get("address") else ("The billing profile has no address.",)
    return Preview(facts=[("To", made.recipient["name"]), *sums(made), *settlement], warnings=warnings)


def payment_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    made = dry_run(lambda: pay(row, values, None))
    left = Change("Open", amount(invoices.open_amount(row), row.currency), amount(0, row.currency))
    return Preview(facts=[("Paid by", made.payment_method), ("On", f"{iso_day(made.paid_at)}")], changes=[left])


def pay(row: Invoice, values: dict[str, Any], actor: Actor) -> Invoice:
    given = {"payment_method": values["payment_method"], "paid_at": values["paid_on"], "amount": values["amount"]}
    return invoices.pay(invoice=row, actor=actor, **given)


def refund_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    left = amount(invoices.credit_left(row), row.currency)
    made = dry_run(lambda: refund(row, values, None))
    change = Change("Owed to the customer", left, amount(0, row.currency))
    facts = [("Paid back by", made.payment_method), ("On", f"{iso_day(made.paid_at)}")]
    return Preview(facts=facts, changes=[change])


def refund(row: Invoice, values: dict[str, Any], actor: Actor) -> Invoice:
    return invoices.refund_credit(
        invoice=row, payment_method=values["payment_method"], paid_at=values["paid_on"], actor=actor
    )


def void_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    made = dry_run(lambda: invoices.void(invoice=row, reason=values["reason"]))
    number = made.invoice_number
    kept = [f"The number {number} stays used."] if number else []
    return Preview(facts=[("Total", amount(row.total, row.currency)), ("Reason", values["reason"])], warnings=kept)


def send_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    again = [f"The invoice was already sent on {iso_day(row.sent_at)}."] if row.sent_at else []
    return Preview(facts=[("To", recipient_of(row)), ("With", "the invoice as PDF")], warnings=again)


def credit_preview(row: Invoice, values: dict[str, Any]) -> Preview:
    before = sum(invoices.creditable(row))
    made = dry_run(lambda: credit(row, values, None))
    settlements = {
        "wallet": "credited to the wallet",
        "set off": "deducted from the open amount",
        "refund": "to be refunded outside of LAD",
    }
    settlement = settlements.get(made.payment_method, f"{amount(made.credit_owed, made.currency)} owed to the customer")
    facts = [*sums(made), ("Settlement", settlement), ("Reason", values["reason"])]
    left = Change("Can still be credited", amount(before, row.currency), amount(before - made.total, row.currency))
    return Preview(facts=facts, changes=[left])


def credit(row: Invoice, values: dict[str, Any], actor: Actor) -> Invoice:
    return invoices.credit_note(
        invoice=row,
        amount=values["amount"],
        to_wallet=values["to_wallet"],
        reason=values["reason"],
        key=str(values["key"]),
        actor=actor,
    )


def sums(row: Invoice) -> Iterator[tuple[str, str]]:
    """Yield subtotal, tax, total and amount due with their labels."""
    yield "Subtotal", amount(row.subtotal, row.currency)
    for tax in row.tax_lines:
        yield f"{tax['name']} {percent(Decimal(tax['rate']))}", amount(tax["amount"], row.currency)
    yield "Total", amount(row.total, row.currency)
    if row.prepaid_amount:
        yield "Paid from wallets", amount(-row.prepaid_amount, row.currency)
    if row.applied_credit:
        yield "Credit from earlier documents", amount(-row.applied_credit, row.currency)
    if row.credit_owed:
        yield "Owed to the customer", amount(row.credit_owed, row.currency)
    elif row.kind != InvoiceKind.CREDIT_NOTE:
        yield "Amount due", amount(row.amount_due, row.currency)
