"""Give single rights to members and take them away, within the actor's own rights."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from tenants.access.authority import Authority, authority_of
from tenants.access.models import UserCapability
from tenants.teams.models import Membership


class CapabilityWriter(writes.Writer[UserCapability]):
    """Writes capabilities. Raises AboveYourRole if the actor lacks the right or ranks below the member."""

    def prepare(self, row: UserCapability | None, values: Values, *, actor: Actor) -> Values:
        tenant_id = _tenant_id(values) if row is None else row.tenant_id
        authority = authority_of(actor, tenant_id)
        if row is None:
            _require(authority, tenant_id, values["user"], values["capability_key"])
        else:
            _require(authority, tenant_id, row.user, row.capability_key)
            user, right = values.get("user", row.user), values.get("capability_key", row.capability_key)
            _require(authority, tenant_id, user, right)
        return values

    def before_delete(self, row: UserCapability, *, actor: Actor) -> None:
        _require(authority_of(actor, row.tenant_id), row.tenant_id, row.user, row.capability_key)


def _tenant_id(values: Values) -> UUID:
    tenant = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


def _require(authority: Authority, tenant_id: UUID, user: AbstractBaseUser, right: str) -> None:
    # Also for taking a right away: without holding the right, the actor could not see the effect.
    authority.require_right(right)
    membership = Membership.objects.filter(user=user.pk, tenant=tenant_id).first()
    if membership is None:
        raise Invalid(errors={"user": ["This person is not a member of the tenant."]})
    authority.require_over(membership)


writes.register(UserCapability, CapabilityWriter)
