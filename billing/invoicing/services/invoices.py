"""Everything that can be done with an invoice: draft, finalise, pay, mark overdue, credit, void.

A finalised invoice never changes; credit notes correct it.
"""

from billing.invoicing.errors import (
    CreditDeducted,
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
from billing.invoicing.services.carrying import credit_left, refund_credit
from billing.invoicing.services.credit_notes import credit_note, creditable
from billing.invoicing.services.drafting import draft_for_period, zone_of
from billing.invoicing.services.finalising import finalise
from billing.invoicing.services.invoice_writer import InvoiceWriter
from billing.invoicing.services.lines import line, line_sum
from billing.invoicing.services.maintenance import (
    MonthDraft,
    draft_last_month,
    draft_month,
    last_month,
    run_maintenance,
)
from billing.invoicing.services.payment import mark_overdue, open_amount, pay, void
from billing.invoicing.services.profiles import BillingProfileWriter

__all__ = [
    "BillingProfileWriter",
    "CreditDeducted",
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
    "credit_left",
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
    "refund_credit",
    "run_maintenance",
    "void",
    "zone_of",
]
