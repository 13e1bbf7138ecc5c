"""Write roles and single rights, within the actor's own rights."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from lad import writes
from lad.errors import Invalid, NotAllowed
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from tenants.access import lowering
from tenants.access.authority import Authority, authority_of, is_platform
from tenants.access.errors import AboveYourRole
from tenants.access.keys import rights_of
from tenants.access.models import PlatformRole, TenantRole, UserCapability
from tenants.access.rights import STAFF_RIGHTS, TENANT_RIGHTS, may_be_granted, role_rights
from tenants.access.roles import Role
from tenants.access.selectors import rights_by_role
from tenants.teams.models import Membership

# Only a superuser may decide what LAD's staff may do.
SUPERUSERS_ONLY: Final = "Only a superuser can do this."


class CapabilityWriter(writes.Writer[UserCapability]):
    """Writes capabilities. Raises AboveYourRole if the actor lacks the right or the member is above them."""

    def prepare(self, row: UserCapability | None, values: Values, *, actor: Actor) -> Values:
        tenant_id = _tenant_id(values) if row is None else row.tenant_id
        authority = authority_of(actor, tenant_id)
        if row is not None:
            _require(authority, tenant_id, row.user, row.capability_key)
        user, right = _value(row, values, "user"), _value(row, values, "capability_key")
        membership = _require(authority, tenant_id, user, right)
        if _value(row, values, "enabled", default=True):
            _require_grantable(membership, right, actor)
        return values

    def before_delete(self, row: UserCapability, *, actor: Actor) -> None:
        _require(authority_of(actor, row.tenant_id), row.tenant_id, row.user, row.capability_key)

    def after_delete(self, row: UserCapability, *, actor: Actor) -> None:
        lowering.withdraw_invitations(tenant_id=row.tenant_id, user_ids=[row.user_id], actor=actor)

    def after_save(self, change: writes.Change[UserCapability]) -> None:
        row = change.row
        lowering.withdraw_invitations(tenant_id=row.tenant_id, user_ids=[row.user_id], actor=change.actor)


class TenantRoleWriter(writes.Writer[TenantRole]):
    """Writes roles of a tenant's own. Raises AboveYourRole unless the actor has all rights, old and new."""

    def prepare(self, row: TenantRole | None, values: Values, *, actor: Actor) -> Values:
        values = {**values, **_checked(values, TENANT_RIGHTS)}
        if values.get("key") in Role.values:
            raise Invalid(errors={"key": ["This is the key of a default role; choose another."]})
        authority = authority_of(actor, _tenant_id(values) if row is None else row.tenant_id)
        authority.require({*(row.rights if row is not None else ()), *values.get("rights", ())})
        return values

    def after_save(self, change: writes.Change[TenantRole]) -> None:
        row = change.row
        if set(change.before.get("rights", ())) - set(row.rights):
            members = Membership.objects.select_for_update(no_key=True).filter(tenant=row.tenant_id, tenant_role=row)
            remaining = role_rights(Role.MEMBER, row.rights)
            users = list(members.values_list("user_id", flat=True))
            lowering.follow(tenant_id=row.tenant_id, user_ids=users, remaining=remaining, actor=change.actor)

    def before_delete(self, row: TenantRole, *, actor: Actor) -> None:
        authority_of(actor, row.tenant_id).require(row.rights)

    def before_restore(self, row: TenantRole, *, actor: Actor) -> None:
        authority_of(actor, row.tenant_id).require(row.rights)


class PlatformRoleWriter(writes.Writer[PlatformRole]):
    """Writes roles of LAD's staff. Raises NotAllowed unless a superuser does it."""

    def prepare(self, row: PlatformRole | None, values: Values, *, actor: Actor) -> Values:
        require_superuser(actor)
        return {**values, **_checked(values, STAFF_RIGHTS)}

    def before_delete(self, row: PlatformRole, *, actor: Actor) -> None:
        require_superuser(actor)


def require_superuser(actor: Actor) -> None:
    """Raise NotAllowed unless the actor is LAD itself or a superuser."""
    if not is_platform(actor):
        raise NotAllowed(SUPERUSERS_ONLY)


def _checked(values: Values, allowed: frozenset[str]) -> dict[str, Any]:
    """Return the rights among the values, sorted and each once. Raise Invalid for others than the allowed."""
    if "rights" not in values:
        return {}
    given: Iterable[str] = values["rights"] or ()
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise Invalid(errors={"rights": [f"A role cannot have these rights: {', '.join(unknown)}."]})
    return {"rights": sorted(set(given))}


def _value(row: UserCapability | None, values: Values, name: str, default: Any = None) -> Any:
    return values.get(name, default if row is None else getattr(row, name))


def _tenant_id(values: Values) -> UUID:
    tenant = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


def _require(authority: Authority, tenant_id: UUID, user: AbstractBaseUser, right: str) -> Membership:
    # Also for taking a right away: without holding the right, the actor could not see the effect.
    authority.require([right])
    # Locked, so that a demotion at the same time either ends the right or comes first.
    rows = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("tenant_role")
    membership: Membership | None = rows.filter(user=user.pk, tenant=tenant_id).first()
    if membership is None:
        raise Invalid(errors={"user": ["This person is not a member of the tenant."]})
    authority.require_over(membership)
    return membership


def _require_grantable(membership: Membership, right: str, actor: Actor) -> None:
    """Refuse a right that the member's role does not allow, or that would only outlast the role."""
    if not may_be_granted(membership.role, right):
        raise AboveYourRole(
            f"{right} cannot be given to a {membership.get_role_display().lower()}: change the role instead.",
            rights=[right],
        )
    if actor is not None and actor.pk == membership.user_id and rights_of(right) & rights_by_role(membership):
        raise AboveYourRole("You have this right by your role, so you cannot give it to yourself.", rights=[right])


writes.register(UserCapability, CapabilityWriter)
writes.register(TenantRole, TenantRoleWriter)
writes.register(PlatformRole, PlatformRoleWriter)
