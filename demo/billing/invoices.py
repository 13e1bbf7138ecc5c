"""Demo invoices: monthly usage and plan fees, and receipts for credits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from billing.invoicing.models import Invoice, InvoiceStatus
from billing.invoicing.services import invoices
from billing.payments.models import Payment
from billing.payments.services.receipts import receipt_for_payment
from demo.demo_tenant import DemoTenant
from lad.db.identifiers import as_of

FEES: Final = {"starter": "29", "professional": "249", "enterprise": "990"}
METHODS: Final = ("card", "bank transfer")
ISSUED_AFTER: Final = timedelta(hours=6)
PLAN_TERMS: Final = timedelta(days=14)
# The status of each month's plan invoice, oldest first.
HISTORIES: Final = {
    "kestrel-analytics": ("paid", "paid", "paid", "pending"),
    "brightpath-education": ("paid", "voided", "overdue", "pending"),
    # A customer on trial was not asked to pay before.
    "harbour-finch": ("", "", "", ""),
}


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month of the tenant, from ``start`` until before ``end``."""

    start: datetime
    end: datetime


def load(demo: DemoTenant, bought: Sequence[Payment]) -> None:
    """Write all documents in time order, so that numbers increase with time."""
    history = _InvoiceHistory(demo)
    months = list(_months(demo))
    acts: list[tuple[datetime, Callable[[], Any]]] = [
        (payment.paid_at, partial(history.receipt, payment)) for payment in bought if payment.paid_at is not None
    ]
    for month, outcome in zip(months, HISTORIES[demo.slug], strict=True):
        issued = history.issued(month)
        acts.append((issued, partial(history.used, month)))
        if outcome:
            acts.append((issued, partial(history.plan, month, outcome)))
    acts.append((demo.ago(days=3), history.credit))
    for _at, act in sorted(acts, key=lambda each: each[0]):
        act()
    this_month = Month(months[-1].end, demo.now + timedelta(days=1))
    history.draft(this_month, demo.now)


def _months(demo: DemoTenant) -> Iterator[Month]:
    """Yield the last four calendar months, oldest first."""
    zone = invoices.zone_of(demo.tenant.pk)
    ends = [demo.now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    for _ in range(4):
        ends.append((ends[-1] - timedelta(days=1)).replace(day=1))
    for end, start in zip(ends[3::-1], ends[:0:-1], strict=True):
        yield Month(start, end)


class _InvoiceHistory:
    """Writes one tenant's invoices in the past."""

    def __init__(self, demo: DemoTenant) -> None:
        self.demo = demo
        self.credited: Invoice | None = None

    def receipt(self, payment: Payment) -> None:
        """Write the receipt, and a credit note for a refund."""
        paid_at = payment.paid_at or self.demo.now
        with as_of(paid_at):
            row = receipt_for_payment(payment, actor=self.demo.owner)
        self._sent(row)
        if payment.refunded_total:
            reason = f"Refunded to the card: {payment.description}"
            now = self.demo.now
            self._sent(invoices.credit_note(invoice=row, amount=payment.refunded_total, reason=reason, now=now))

    def used(self, month: Month) -> None:
        """Invoice the month's usage. Wallets have paid it; only tax due on use is still open."""
        issued = self.issued(month)
        with as_of(month.end):
            try:
                draft = invoices.draft_for_period(period_start=month.start, period_end=month.end, now=issued)
            except invoices.NothingUsed:
                return
        self._dated(draft, month.end)
        row = invoices.finalise(invoice=draft, now=issued, actor=self.demo.admin)
        self._sent(row)
        if row.status == InvoiceStatus.PENDING and row.due_at and row.due_at < self.demo.now:
            self._pay(row)

    def plan(self, month: Month, outcome: str) -> None:
        """Invoice a month's plan fee and bring the invoice to its status."""
        issued = self.issued(month)
        draft = self.draft(month, month.end)
        row = invoices.finalise(invoice=draft, due_at=issued + PLAN_TERMS, now=issued, actor=self.demo.admin)
        if outcome == InvoiceStatus.VOIDED:
            invoices.void(invoice=row, reason="Billed to the wrong plan", actor=self.demo.admin)
            return
        self._sent(row)
        if outcome == InvoiceStatus.PAID:
            self.credited = self._pay(row)
        elif outcome == InvoiceStatus.OVERDUE:
            invoices.mark_overdue(invoice=row, now=self.demo.now)

    def draft(self, month: Month, at: datetime) -> Invoice:
        """Draft a month's plan fee."""
        plan = str(self.demo.tenant.plan_tier)
        lines = [invoices.line(f"{plan.capitalize()} plan, {month.start:%B %Y}", Decimal(1), Decimal(FEES[plan]))]
        values = {"period_start": month.start, "period_end": month.end, "line_items": lines}
        with as_of(at):
            row: Invoice = self.demo.write(Invoice, values, self.demo.admin)
        return self._dated(row, at)

    def credit(self) -> None:
        """Credit part of a paid plan fee."""
        if self.credited is None:
            return
        at = self.demo.ago(days=3)
        with as_of(at):
            note = invoices.credit_note(
                invoice=self.credited,
                amount=Decimal("26.15"),
                reason="Three days without telephony",
                now=at,
                actor=self.demo.admin,
            )
        self._sent(note)

    def issued(self, month: Month) -> datetime:
        """Return when the month's invoices get their numbers."""
        return min(month.end + ISSUED_AFTER, self.demo.now)

    def _pay(self, row: Invoice) -> Invoice:
        latest = row.due_at or self.demo.now
        paid_at = self.demo.between(row.finalised_at or latest, latest)
        method = self.demo.random.choice(METHODS)
        return invoices.pay(invoice=row, payment_method=method, paid_at=paid_at, actor=self.demo.owner)

    def _sent(self, row: Invoice) -> None:
        if row.finalised_at is not None:
            Invoice.objects.filter(pk=row.pk).update(sent_at=row.finalised_at + timedelta(minutes=1))

    def _dated(self, row: Invoice, at: datetime) -> Invoice:
        Invoice.objects.filter(pk=row.pk).update(created_at=at)
        row.refresh_from_db()
        return row
