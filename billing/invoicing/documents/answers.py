"""Invoices as HTTP answers, for the API and the admin alike."""

from typing import Final

from django.http import HttpResponse

from billing.invoicing.documents.html import invoice_html
from billing.invoicing.documents.pdf import invoice_pdf
from billing.invoicing.models import Invoice

# The page brings its own style and nothing else.
PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def page_of(invoice: Invoice) -> HttpResponse:
    """The invoice in the browser, which is told to run and load nothing."""
    headers = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(invoice_html(invoice), headers=headers)


def file_of(invoice: Invoice) -> HttpResponse:
    """The invoice as a download."""
    name = invoice.invoice_number or "draft"
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(invoice_pdf(invoice), content_type="application/pdf", headers=headers)
