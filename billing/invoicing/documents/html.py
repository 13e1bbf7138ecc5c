"""Render an invoice as a self-contained HTML page for display and print."""

from django.template.loader import render_to_string

from billing.invoicing.documents.content import document_content
from billing.invoicing.models import Invoice


def invoice_html(invoice: Invoice) -> str:
    """Return the invoice as a complete page without external resources."""
    return render_to_string("billing/invoicing/document.html", {"it": document_content(invoice)})
