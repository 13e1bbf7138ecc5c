"""Invoices: drafted, finalised with a number, sent, paid or overdue, credited or voided.

What was finalised stays as it is; credit notes correct it.
"""

from billing.services.invoices.credit_notes import credit_note, creditable
from billing.services.invoices.drafting import draft_for_period, zone_of
from billing.services.invoices.errors import (
    CreditTooLarge,
    DraftOutdated,
    HasCreditNotes,
    InvoiceIncomplete,
    InvoiceIssued,
    NothingUsed,
    PartialPayment,
    PeriodInvoiced,
    PeriodNotOver,
    WrongInvoiceStatus,
)
from billing.services.invoices.finalising import finalise
from billing.services.invoices.lines import line, line_sum
from billing.services.invoices.payment import mark_overdue, open_amount, pay, void
from billing.services.invoices.receipts import receipt_for_payment
from billing.services.invoices.tending import MonthDraft, draft_last_month, draft_month, last_month, tend
from billing.services.invoices.writer import InvoiceWriter

__all__ = [
    "CreditTooLarge",
    "DraftOutdated",
    "HasCreditNotes",
    "InvoiceIncomplete",
    "InvoiceIssued",
    "InvoiceWriter",
    "MonthDraft",
    "NothingUsed",
    "PartialPayment",
    "PeriodInvoiced",
    "PeriodNotOver",
    "WrongInvoiceStatus",
    "credit_note",
    "creditable",
    "draft_for_period",
    "draft_last_month",
    "draft_month",
    "finalise",
    "last_month",
    "line",
    "line_sum",
    "mark_overdue",
    "open_amount",
    "pay",
    "receipt_for_payment",
    "tend",
    "void",
    "zone_of",
]
