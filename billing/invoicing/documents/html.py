"""An invoice as one HTML page that needs nothing else and prints well."""

from django.template.loader import render_to_string

from billing.invoicing.documents.content import content_of
from billing.invoicing.models import Invoice


def invoice_html(invoice: Invoice) -> str:
    """The invoice as a complete page: no script, no font and no picture from elsewhere."""
    return render_to_string("billing/documents/invoice.html", {"it": content_of(invoice)})
