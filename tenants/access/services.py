"""Single rights given to and taken from members, under the same ceiling as roles."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from tenants.access.authority import Authority, authority_of
from tenants.access.models import UserCapability
from tenants.teams.models import Membership


class CapabilityWriter(writes.Writer):
    """Nobody gives a right they do not hold, undoes its being taken, or touches somebody above them."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> UserCapability:
        tenant = values.get("tenant")
        tenant_id = tenant.pk if tenant is not None else current_tenant_id()
        _require(authority_of(actor, tenant_id), tenant_id, values["user"], values["capability_key"])
        row: UserCapability = super().create(values, actor=actor)
        return row

    def update(self, row: UserCapability, values: Mapping[str, Any], *, actor: Any = None) -> UserCapability:
        authority = authority_of(actor, row.tenant_id)
        _require(authority, row.tenant_id, row.user, row.capability_key)
        user, right = values.get("user", row.user), values.get("capability_key", row.capability_key)
        _require(authority, row.tenant_id, user, right)
        updated: UserCapability = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: UserCapability, *, actor: Any = None) -> None:
        _require(authority_of(actor, row.tenant_id), row.tenant_id, row.user, row.capability_key)
        super().delete(row, actor=actor)


def _require(authority: Authority, tenant_id: UUID, user: Any, right: str) -> None:
    # Taking a right away is bounded too: who does not hold it could otherwise not see what they broke.
    authority.require_right(right)
    membership = Membership.objects.filter(user=user.pk, tenant=tenant_id).first()
    if membership is None:
        raise Invalid(errors={"user": ["This person is not a member of the tenant."]})
    authority.require_over(membership)


writes.register(UserCapability, CapabilityWriter)
