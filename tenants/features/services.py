"""Switch features. Tenants may switch on what their plan includes or LAD granted, and switch off anything."""

from uuid import UUID

from lad import writes
from lad.api.permissions import register_feature_gate
from lad.errors import NotAllowed
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from tenants.access.authority import authority_of
from tenants.features.models import FeatureFlag, TenantFeature
from tenants.features.selectors import gate, is_available
from tenants.teams.models import Tenant


class NotInPlan(NotAllowed):
    """Your plan does not include this feature: choose a larger plan or ask LAD for it."""

    code = "not_in_plan"


class GrantedByPlatform(NotAllowed):
    """LAD granted this feature to the tenant: switch it off instead of deleting it."""

    code = "granted_by_platform"


class TenantFeatureWriter(writes.Writer[TenantFeature]):
    """Writes features. What LAD's staff switch on is granted; tenants stay within plan and grants."""

    def prepare(self, row: TenantFeature | None, values: Values, *, actor: Actor) -> Values:
        tenant_id = _tenant_id(values) if row is None else row.tenant_id
        platform = authority_of(actor, tenant_id).platform
        key = values["feature_key"] if row is None else values.get("feature_key", row.feature_key)
        if row is not None and row.granted and key != row.feature_key and not platform:
            raise GrantedByPlatform
        enabled = values.get("enabled", True if row is None else row.enabled)
        if enabled and not platform:
            _require_available(key, tenant_id)
        # LAD's staff grant what they switch on, and revoke what they switch off.
        return {**values, "granted": enabled} if platform else values

    def before_delete(self, row: TenantFeature, *, actor: Actor) -> None:
        if row.granted and not authority_of(actor, row.tenant_id).platform:
            raise GrantedByPlatform


class FeatureFlagWriter(writes.Writer[FeatureFlag]):
    """Writes flags. Tenants may open only features available to them (NotInPlan)."""

    def prepare(self, row: FeatureFlag | None, values: Values, *, actor: Actor) -> Values:
        tenant_id = _tenant_id(values) if row is None else row.tenant_id
        # Checked for any change, so that a tenant cannot extend a trial that LAD granted.
        opens = values.get("is_enabled", False if row is None else row.is_enabled)
        if opens and not authority_of(actor, tenant_id).platform:
            _require_available(
                values["feature_key"] if row is None else values.get("feature_key", row.feature_key), tenant_id
            )
        return values


def _tenant_id(values: Values) -> UUID:
    tenant = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


def _require_available(feature_key: str, tenant_id: UUID) -> None:
    if not is_available(feature_key, tenant=Tenant.all_objects.get(pk=tenant_id)):
        raise NotInPlan(feature=feature_key)


writes.register(TenantFeature, TenantFeatureWriter)
writes.register(FeatureFlag, FeatureFlagWriter)

register_feature_gate(gate)
