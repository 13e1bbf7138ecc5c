"""Why something cannot be done with an invoice."""

from lad.errors import Conflict


class InvoiceIssued(Conflict):
    """The invoice was finalised and stays as it is: write a credit note, or void it while it is unpaid."""

    code = "invoice_issued"


class WrongInvoiceStatus(Conflict):
    """The invoice's status does not allow this."""

    code = "wrong_invoice_status"


class InvoiceIncomplete(Conflict):
    """The invoice lacks something that a finalised one has."""

    code = "invoice_incomplete"


class PeriodNotOver(Conflict):
    """The period is not over yet: draft its invoice when it is."""

    code = "period_not_over"


class PeriodInvoiced(Conflict):
    """Another invoice covers use of this period."""

    code = "period_invoiced"


class NothingUsed(Conflict):
    """Nothing was charged in this period, so there is nothing to invoice."""

    code = "nothing_used"


class DraftOutdated(Conflict):
    """The draft no longer says what the ledger says: draft the period again."""

    code = "draft_outdated"


class PartialPayment(Conflict):
    """An invoice is paid in full, by one payment."""

    code = "partial_payment"


class CreditTooLarge(Conflict):
    """No more can be credited than the invoice came to, less what was credited before."""

    code = "credit_too_large"


class HasCreditNotes(Conflict):
    """Part of the invoice was credited: credit the rest of it instead of voiding it."""

    code = "has_credit_notes"
