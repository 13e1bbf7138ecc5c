"""HTTP responses with an invoice document, for the API and the admin."""

from typing import Final

from django.http import HttpResponse

from billing.invoicing.documents.html import invoice_html
from billing.invoicing.documents.pdf import invoice_pdf
from billing.invoicing.models import Invoice

# The page has inline styles and loads nothing.
CONTENT_SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def html_response(invoice: Invoice) -> HttpResponse:
    """Return the invoice as a page that may not run scripts or load anything."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(invoice_html(invoice), headers=headers)


def pdf_response(invoice: Invoice) -> HttpResponse:
    """Return the invoice as a PDF download."""
    name = invoice.invoice_number or "draft"
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(invoice_pdf(invoice), content_type="application/pdf", headers=headers)
