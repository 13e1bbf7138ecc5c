"""Render an invoice as a self-contained HTML page for display and print."""

import re
from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from billing.invoicing.documents.content import document_content
from billing.invoicing.models import Invoice

# The page and the number of pages in a label.
PLACEHOLDER: Final = re.compile(r"(\{pages?\})")


def invoice_html(invoice: Invoice) -> str:
    """Return the invoice as a complete page without external resources."""
    content = document_content(invoice)
    context = {"it": content, "page_counter": _counter(content.labels["page"])}
    return render_to_string("billing/invoicing/document.html", context)


def _counter(label: str) -> SafeString:
    """Return the page's number for CSS, which counts the pages when the document is printed."""
    counters = {"{page}": "counter(page)", "{pages}": "counter(pages)"}
    parts = (part for part in PLACEHOLDER.split(label) if part)
    return mark_safe(" ".join(counters.get(part, f'"{part}"') for part in parts))  # noqa: S308  (from the catalogue)
