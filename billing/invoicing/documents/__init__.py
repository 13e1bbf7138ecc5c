"""Invoices as documents: the same content as HTML and as PDF."""

from billing.invoicing.documents.html import invoice_html
from billing.invoicing.documents.pdf import invoice_pdf

__all__ = ["invoice_html", "invoice_pdf"]
