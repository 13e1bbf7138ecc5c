"""The demo's invoices: what was used and what the plan costs, month by month, and receipts of credits bought."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from billing.invoicing import services as invoices
from billing.invoicing.models import Invoice, InvoiceStatus
from billing.payments.models import Payment
from demo.company import DemoCompany
from lad.db.identifiers import as_of

FEES: Final = {"starter": "29", "professional": "249", "enterprise": "990"}
METHODS: Final = ("card", "bank transfer")
ISSUED_AFTER: Final = timedelta(hours=6)
PLAN_TERMS: Final = timedelta(days=14)
# What became of the plan's invoices, the oldest month first; the last one waits to be paid.
HISTORIES: Final = {
    "kestrel-analytics": ("paid", "paid", "paid", "pending"),
    "brightpath-education": ("paid", "voided", "overdue", "pending"),
    # A customer on trial was not asked to pay before.
    "harbour-finch": ("", "", "", ""),
}


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month of the company, from ``start`` until before ``end``."""

    start: datetime
    end: datetime


def load(company: DemoCompany, bought: Sequence[Payment]) -> None:
    """Every document in the order in which it was written, so that numbers go up with time."""
    desk = _Desk(company)
    months = list(_months(company))
    acts: list[tuple[datetime, Callable[[], Any]]] = [
        (payment.paid_at, partial(desk.receipt, payment)) for payment in bought if payment.paid_at is not None
    ]
    for month, outcome in zip(months, HISTORIES[company.slug], strict=True):
        acts.append((month.end, partial(desk.used, month)))
        if outcome:
            acts.append((month.end, partial(desk.plan, month, outcome)))
    acts.append((company.ago(days=3), desk.credit))
    for _at, act in sorted(acts, key=lambda each: each[0]):
        act()
    this_month = Month(months[-1].end, company.now + timedelta(days=1))
    desk.draft(this_month, company.now)


def _months(company: DemoCompany) -> Iterator[Month]:
    """The last four calendar months, the oldest first."""
    zone = invoices.zone_of(company.tenant.pk)
    ends = [company.now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    for _ in range(4):
        ends.append((ends[-1] - timedelta(days=1)).replace(day=1))
    for end, start in zip(ends[3::-1], ends[:0:-1], strict=True):
        yield Month(start, end)


class _Desk:
    """Writes one company's invoices."""

    def __init__(self, company: DemoCompany) -> None:
        self.company = company
        self.credited: Invoice | None = None

    def receipt(self, payment: Payment) -> None:
        """The receipt, and a credit note where the money went back."""
        paid_at = payment.paid_at or self.company.now
        with as_of(paid_at):
            row = invoices.receipt_for_payment(payment, actor=self.company.owner)
        self._sent(row)
        if payment.refunded_total:
            reason = f"Refunded to the card: {payment.description}"
            now = self.company.now
            self._sent(invoices.credit_note(invoice=row, amount=payment.refunded_total, reason=reason, now=now))

    def used(self, month: Month) -> None:
        """The month's use, paid from the wallet; where tax is due on use, that is still to be paid."""
        issued = self._issued(month)
        with as_of(month.end):
            try:
                draft = invoices.draft_for_period(period_start=month.start, period_end=month.end, now=issued)
            except invoices.NothingUsed:
                return
        self._dated(draft, month.end)
        row = invoices.finalise(invoice=draft, now=issued, actor=self.company.admin)
        self._sent(row)
        if row.status == InvoiceStatus.PENDING and row.due_at and row.due_at < self.company.now:
            self._pay(row)

    def plan(self, month: Month, outcome: str) -> None:
        """The plan's fee of a month, and what became of it."""
        issued = self._issued(month)
        draft = self.draft(month, month.end)
        row = invoices.finalise(invoice=draft, due_at=issued + PLAN_TERMS, now=issued, actor=self.company.admin)
        if outcome == InvoiceStatus.VOIDED:
            invoices.void(invoice=row, reason="Billed to the wrong plan", actor=self.company.admin)
            return
        self._sent(row)
        if outcome == InvoiceStatus.PAID:
            self.credited = self._pay(row)
        elif outcome == InvoiceStatus.OVERDUE:
            invoices.mark_overdue(invoice=row, now=self.company.now)

    def draft(self, month: Month, at: datetime) -> Invoice:
        """The plan's fee of a month, asked for by nobody yet."""
        plan = str(self.company.tenant.plan_tier)
        lines = [invoices.line(f"{plan.capitalize()} plan, {month.start:%B %Y}", Decimal(1), Decimal(FEES[plan]))]
        values = {"period_start": month.start, "period_end": month.end, "line_items": lines}
        with as_of(at):
            row: Invoice = self.company.write(Invoice, values, self.company.admin)
        return self._dated(row, at)

    def credit(self) -> None:
        """Part of a plan's fee that was paid went back."""
        if self.credited is None:
            return
        at = self.company.ago(days=3)
        with as_of(at):
            note = invoices.credit_note(
                invoice=self.credited,
                amount=Decimal("26.15"),
                reason="Three days without telephony",
                now=at,
                actor=self.company.admin,
            )
        self._sent(note)

    def _issued(self, month: Month) -> datetime:
        return min(month.end + ISSUED_AFTER, self.company.now)

    def _pay(self, row: Invoice) -> Invoice:
        latest = row.due_at or self.company.now
        paid_at = self.company.between(row.finalised_at or latest, latest)
        method = self.company.random.choice(METHODS)
        return invoices.pay(invoice=row, payment_method=method, paid_at=paid_at, actor=self.company.owner)

    def _sent(self, row: Invoice) -> None:
        if row.finalised_at is not None:
            Invoice.objects.filter(pk=row.pk).update(sent_at=row.finalised_at + timedelta(minutes=1))

    def _dated(self, row: Invoice, at: datetime) -> Invoice:
        Invoice.objects.filter(pk=row.pk).update(created_at=at)
        row.refresh_from_db()
        return row
