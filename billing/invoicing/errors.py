"""Errors of invoicing."""

from lad.errors import Conflict


class InvoiceIssued(Conflict):
    """A finalised invoice cannot be changed. Write a credit note, or void the invoice while it is unpaid."""

    code = "invoice_issued"


class WrongInvoiceStatus(Conflict):
    """The invoice's status does not allow this."""

    code = "wrong_invoice_status"


class InvoiceIncomplete(Conflict):
    """The invoice is incomplete and cannot be finalised."""

    code = "invoice_incomplete"


class PeriodNotOver(Conflict):
    """The period has not ended yet. Draft its invoice after it has."""

    code = "period_not_over"


class PeriodInvoiced(Conflict):
    """Another invoice covers usage of this period."""

    code = "period_invoiced"


class NothingUsed(Conflict):
    """Nothing was charged in this period, so there is nothing to invoice."""

    code = "nothing_used"


class DraftOutdated(Conflict):
    """The ledger has changed since this draft. Draft the period again."""

    code = "draft_outdated"


class PartialPayment(Conflict):
    """An invoice must be paid in full by one payment."""

    code = "partial_payment"


class CreditTooLarge(Conflict):
    """The credit exceeds what is left of the invoice after earlier credit notes."""

    code = "credit_too_large"


class HasCreditNotes(Conflict):
    """Part of the invoice was credited, so it cannot be voided. Credit the rest instead."""

    code = "has_credit_notes"


class CreditDeducted(Conflict):
    """Credit was deducted from one invoice for the other, so neither can be voided. Credit the later one instead."""

    code = "credit_deducted"
