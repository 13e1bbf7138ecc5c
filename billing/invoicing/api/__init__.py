"""Invoices in the API."""

from billing.invoicing import selectors
from billing.invoicing.api.invoices import InvoiceViewSet
from billing.invoicing.models import CreditApplication, Invoice, InvoiceSeries, NumberPrefix
from lad.api import router

router.register(
    Invoice,
    area="billing",
    methods=router.READ,
    viewset=InvoiceViewSet,
    filters=["invoice_number", "kind", "status", "corrects", "payment", "due_at", "created_at"],
    search=selectors.SEARCHED,
)


router.register(InvoiceSeries, area="billing", methods=router.READ, filters=["series", "created_at"])
router.register(NumberPrefix, area="billing", methods=router.READ, filters=["prefix", "created_at"])
router.register(CreditApplication, area="billing", methods=router.READ, filters=["source", "target", "created_at"])
