"""The demo's invoices: a month each, for the plan and the credits bought, in every state."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from billing.models import Invoice, InvoiceStatus, LedgerTransaction
from billing.services import invoices
from tenants.demo.company import DemoCompany

TAX: Final = Decimal("0.05")
CENT: Final = Decimal("0.01")
PAYMENT: Final = timedelta(days=14)
FEES: Final = {"starter": "29", "professional": "249", "enterprise": "990"}
METHODS: Final = ("card", "bank transfer")


def load(company: DemoCompany, bought: Sequence[LedgerTransaction]) -> None:
    """Four months back from now: paid, overdue or voided ones, last month's issued, this month's a draft."""
    ends = [company.now - timedelta(days=days) for days in (90, 60, 30)]
    history = (InvoiceStatus.PAID, InvoiceStatus.VOIDED, InvoiceStatus.OVERDUE)
    if company.slug == "kestrel-analytics":
        history = (InvoiceStatus.PAID, InvoiceStatus.PAID, InvoiceStatus.PAID)
    rows = []
    for number, (end, status) in enumerate(zip(ends, history, strict=True), start=1):
        # A customer on trial was not asked to pay before.
        if company.tenant.trial_ends_at is None:
            rows.append(_past(company, bought, number, end, status))
    Invoice.objects.bulk_create(rows)
    _last_month(company, bought, len(rows) + 1)
    company.write(Invoice, _values(company, bought, company.now + timedelta(days=29), ""), company.admin)


def _past(
    company: DemoCompany, bought: Sequence[LedgerTransaction], number: int, end: datetime, status: InvoiceStatus
) -> Invoice:
    values = _values(company, bought, end, _number(company, number))
    subtotal = invoices.line_sum(values["line_items"])
    row = Invoice(
        **company.born(end + timedelta(hours=6)), tenant=company.tenant, status=status, subtotal=subtotal, **values
    )
    row.total, row.due_at = subtotal + row.tax, end + PAYMENT
    if status == InvoiceStatus.PAID:
        row.paid_at = company.after(end + timedelta(days=1), hours=24 * 12)
        row.payment_method = company.random.choice(METHODS)
    return row


def _last_month(company: DemoCompany, bought: Sequence[LedgerTransaction], number: int) -> None:
    values = _values(company, bought, company.now - timedelta(days=1), _number(company, number))
    row = company.write(Invoice, values, company.admin)
    issued = invoices.issue(invoice=row, due_at=company.now + PAYMENT, actor=company.admin)
    if company.slug == "brightpath-education":
        invoices.pay(invoice=issued, payment_method="card", paid_at=company.now, actor=company.owner)


def _number(company: DemoCompany, number: int) -> str:
    return f"{company.slug[:3].upper()}-{company.now.year}-{number:04d}"


def _values(company: DemoCompany, bought: Sequence[LedgerTransaction], end: datetime, number: str) -> dict[str, Any]:
    start = end - timedelta(days=30)
    lines = _lines(company, [row for row in bought if start <= row.created_at < end])
    tax = (invoices.line_sum(lines) * TAX).quantize(CENT, ROUND_HALF_UP)
    return {"invoice_number": number, "period_start": start, "period_end": end, "line_items": lines, "tax": tax}


def _lines(company: DemoCompany, bought: Sequence[LedgerTransaction]) -> list[dict[str, str]]:
    plan = company.tenant.plan_tier
    lines = [_line(f"{plan.capitalize()} plan, one month", 1, Decimal(FEES[plan]))]
    packs = Counter(row.amount for row in bought)
    return [*lines, *(_line("Credits bought", many, amount) for amount, many in sorted(packs.items()))]


def _line(description: str, quantity: int, unit_price: Decimal) -> dict[str, str]:
    numbers = {"quantity": str(quantity), "unit_price": f"{unit_price:f}", "amount": f"{quantity * unit_price:f}"}
    return {"description": description, **numbers}
