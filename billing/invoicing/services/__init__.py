"""Invoices: drafted, finalised with a number, sent, paid or overdue, credited or voided.

What was finalised stays as it is; credit notes correct it.
"""

from billing.invoicing.errors import (
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
from billing.invoicing.services.credit_notes import credit_note, creditable
from billing.invoicing.services.drafting import draft_for_period, zone_of
from billing.invoicing.services.finalising import finalise
from billing.invoicing.services.lines import line, line_sum
from billing.invoicing.services.maintenance import MonthDraft, draft_last_month, draft_month, last_month, tend
from billing.invoicing.services.payment import mark_overdue, open_amount, pay, void
from billing.invoicing.services.writer import InvoiceWriter
from billing.payments.services.receipts import receipt_for_payment

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
