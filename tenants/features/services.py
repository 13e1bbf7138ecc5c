"""Switching features: a tenant's people turn on what the plan includes or the platform granted, and off anything."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lad import writes
from lad.api.permissions import register_feature_gate
from lad.errors import NotAllowed
from lad.tenancy.context import current_tenant_id
from tenants.access.authority import authority_of
from tenants.features.models import FeatureFlag, TenantFeature
from tenants.features.selectors import gate, is_available
from tenants.teams.models import Tenant


class NotInPlan(NotAllowed):
    """Your plan does not include this feature; choose a larger plan or ask LAD for it."""

    code = "not_in_plan"


class GrantedByPlatform(NotAllowed):
    """LAD granted this feature to the tenant: switch it off instead of deleting it."""

    code = "granted_by_platform"


class TenantFeatureWriter(writes.Writer):
    """Whatever the platform writes is a grant; the tenant's own rows stay within it."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> TenantFeature:
        tenant_id = _tenant_id(values)
        platform = authority_of(actor, tenant_id).platform
        if values.get("enabled", True) and not platform:
            _require_available(values["feature_key"], tenant_id)
        granted = platform and values.get("enabled", True)
        row: TenantFeature = super().create({**values, **({"granted": True} if granted else {})}, actor=actor)
        return row

    def update(self, row: TenantFeature, values: Mapping[str, Any], *, actor: Any = None) -> TenantFeature:
        platform = authority_of(actor, row.tenant_id).platform
        key = values.get("feature_key", row.feature_key)
        if row.granted and key != row.feature_key and not platform:
            raise GrantedByPlatform
        enabled = values.get("enabled", row.enabled)
        if enabled and not platform:
            _require_available(key, row.tenant_id)
        # What the platform switches, it gives or takes.
        grant = {"granted": enabled} if platform else {}
        updated: TenantFeature = super().update(row, {**values, **grant}, actor=actor)
        return updated

    def delete(self, row: TenantFeature, *, actor: Any = None) -> None:
        if row.granted and not authority_of(actor, row.tenant_id).platform:
            raise GrantedByPlatform
        super().delete(row, actor=actor)


class FeatureFlagWriter(writes.Writer):
    """A flag set by the tenant's people opens no more than the tenant has."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> FeatureFlag:
        tenant_id = _tenant_id(values)
        if values.get("is_enabled", False) and not authority_of(actor, tenant_id).platform:
            _require_available(values["feature_key"], tenant_id)
        row: FeatureFlag = super().create(values, actor=actor)
        return row

    def update(self, row: FeatureFlag, values: Mapping[str, Any], *, actor: Any = None) -> FeatureFlag:
        # Also when only its end or its user changes: a trial from the platform must not be made longer.
        opens = values.get("is_enabled", row.is_enabled)
        if opens and not authority_of(actor, row.tenant_id).platform:
            _require_available(values.get("feature_key", row.feature_key), row.tenant_id)
        updated: FeatureFlag = super().update(row, values, actor=actor)
        return updated


def _tenant_id(values: Mapping[str, Any]) -> UUID:
    tenant = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


def _require_available(feature_key: str, tenant_id: UUID) -> None:
    if not is_available(feature_key, tenant=Tenant.all_objects.get(pk=tenant_id)):
        raise NotInPlan(feature=feature_key)


writes.register(TenantFeature, TenantFeatureWriter)
writes.register(FeatureFlag, FeatureFlagWriter)

register_feature_gate(gate)
