"""Invoices as documents: the same content as HTML and as PDF."""

from billing.documents.html import invoice_html
from billing.documents.pdf import invoice_pdf

__all__ = ["invoice_html", "invoice_pdf"]
