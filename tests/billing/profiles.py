"""Write the billing profile of the current tenant as LAD's staff do: a tenant's session may not set its terms."""

from typing import Any

from billing.invoicing.models import BillingProfile, profile_of
from lad import writes
from lad.tenancy.context import current_tenant_id, platform_context
from lad.types import Actor


def set_profile(*, actor: Actor = None, **values: Any) -> BillingProfile:
    """Create the current tenant's profile with these values, or change it."""
    with platform_context(tenant_id=current_tenant_id()):
        row = profile_of(current_tenant_id())
        if row._state.adding:
            return writes.create(BillingProfile, values, actor=actor)
        return writes.update(row, values, actor=actor)
