"""The writer of billing profiles, which keeps a tenant from taxing and numbering itself."""

from billing.invoicing.models import TENANT_FIELDS, BillingProfile
from lad import writes
from lad.tenancy.context import default_tenant_id
from lad.types import Actor, Values
from tenants.access.authority import is_platform

PLATFORM_ONLY = "Only LAD's own staff can change this."


class BillingProfileWriter(writes.Writer[BillingProfile]):
    """Lets a tenant change its ``TENANT_FIELDS`` only. A new profile of a tenant has the defaults of the others."""

    def prepare(self, row: BillingProfile | None, values: Values, *, actor: Actor) -> Values:
        if not is_platform(actor):
            before = row or BillingProfile(tenant_id=default_tenant_id())
            writes.fixed_fields(before, values, set(values) - TENANT_FIELDS - {"tenant"}, PLATFORM_ONLY)
        return values


writes.register(BillingProfile, BillingProfileWriter)
