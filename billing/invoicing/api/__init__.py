"""The billing domain in the API: read here, moved by services."""

from billing.invoicing.api.invoices import InvoiceViewSet
from billing.invoicing.models import Invoice, InvoiceSeries
from lad.api import router

router.register(
    Invoice,
    area="billing",
    methods=router.READ,
    viewset=InvoiceViewSet,
    filters=["invoice_number", "kind", "status", "corrects", "payment", "due_at", "created_at"],
)


router.register(InvoiceSeries, area="billing", methods=router.READ, filters=["series", "created_at"])
