"""The writer of billing profiles, which keeps a tenant from taxing and numbering itself."""

from billing.invoicing.models import TENANT_FIELDS, BillingProfile
from billing.invoicing.services.numbering import claim_prefix
from lad import writes
from lad.types import Actor, Values
from tenants.access.authority import is_platform

PLATFORM_ONLY = "Only LAD's own staff can change this."


class BillingProfileWriter(writes.Writer[BillingProfile]):
    """Lets a tenant change its ``TENANT_FIELDS`` only. A new profile of a tenant has the defaults of the others."""

    def prepare(self, row: BillingProfile | None, values: Values, *, actor: Actor) -> Values:
        if not is_platform(actor):
            before = row or BillingProfile()
            writes.fixed_fields(before, values, set(values) - TENANT_FIELDS - {"tenant"}, PLATFORM_ONLY)
        return values

    def after_save(self, change: writes.Change[BillingProfile]) -> None:
        """Make a prefix the tenant's own at once, so that a duplicate is refused where it is entered."""
        if "invoice_prefix" in change.changed and change.row.invoice_prefix:
            claim_prefix(change.row.tenant_id, change.row.invoice_prefix)


writes.register(BillingProfile, BillingProfileWriter)
