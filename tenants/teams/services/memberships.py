"""Add and remove members, change roles, transfer ownership. Every tenant has exactly one owner."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import NewEvent, emit
from lad.tenancy.context import current_tenant_id, platform_context
from lad.tenancy.members import register_member_ids
from lad.types import Actor, Values
from tenants.access.authority import authority_of
from tenants.access.errors import AboveYourRole
from tenants.access.models import UserCapability
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.extensions import access_ended
from tenants.teams.models import Membership, Tenant


class OwnerStays(Conflict):
    """The owner's membership cannot change: transfer the ownership to another member first."""

    code = "owner_stays"


class AlreadyMember(Conflict):
    """This person is already a member of the tenant."""

    code = "already_member"


class NotAMember(Conflict):
    """This person is no longer an active member of the tenant."""

    code = "not_a_member"


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: Actor) -> Membership:
    """Give a member another role. Emits ``tenants.membership.role_changed`` if it differs.

    Raises OwnerStays if either role is owner. Raises AboveYourRole.
    """
    return writes.update(_locked(membership), {"role": role}, actor=actor)


@transaction.atomic
def remove(*, membership: Membership, actor: Actor) -> None:
    """Remove a member and end their access to the tenant. Members may remove themselves.

    Emits ``tenants.membership.removed``. Raises OwnerStays or AboveYourRole.
    """
    writes.delete(_locked(membership), actor=actor)


def leave(*, user: User, tenant_id: UUID) -> None:
    """End the user's own membership. Raises NotAMember or OwnerStays."""
    with platform_context(tenant_id=tenant_id, user_id=user.pk):
        membership = Membership.objects.filter(tenant=tenant_id, user=user.pk).first()
        if membership is None:
            raise NotAMember("You are not a member of that tenant.")
        remove(membership=membership, actor=user)


@transaction.atomic
def transfer_ownership(*, membership: Membership, actor: Actor) -> Membership:
    """Make the member the owner and the current owner an admin.

    Only the owner and LAD's staff may do this. Emits ``tenants.membership.ownership_transferred``.
    Idempotent. Raises NotAMember or AboveYourRole.
    """
    tenant_id = membership.tenant_id
    # Lock the tenant, so that a simultaneous transfer waits and then sees the new owner.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    owner = Membership.objects.select_for_update().filter(tenant=tenant_id, role=Role.OWNER).first()
    successor = _locked(membership)
    if not successor.user.is_active:
        raise NotAMember
    if owner is not None and owner.pk == successor.pk:
        return successor
    if not authority_of(actor, tenant_id).platform and (owner is None or actor is None or owner.user_id != actor.pk):
        raise AboveYourRole("Only the owner can transfer the ownership.")
    if owner is not None:
        owner.role = Role.ADMIN
        owner.save(update_fields=["role"])
    successor.role = Role.OWNER
    successor.save(update_fields=["role"])
    successor.refresh_from_db(fields=["updated_at"])
    emit(
        "tenants.membership.ownership_transferred",
        aggregate=successor,
        payload={"from_user_id": str(owner.user_id) if owner else None, "to_user_id": str(successor.user_id)},
        actor=actor,
    )
    return successor


@transaction.atomic
def enrol(*, tenant_id: UUID, user: User, role: str, invited_by: Actor = None, actor: Actor = None) -> Membership:
    """Make a user a member. A former member's row is restored without its single rights.

    The caller has checked that the actor may give the role. Emits ``tenants.membership.created`` or
    ``tenants.membership.revived``. Raises AlreadyMember or OwnerStays.
    """
    row = Membership.all_objects.select_for_update().filter(tenant=tenant_id, user=user.pk).first()
    if row is not None and row.deleted_at is None:
        raise AlreadyMember
    verb = "created" if row is None else "revived"
    if row is None:
        row = Membership(tenant_id=tenant_id, user=user)
    else:
        UserCapability.objects.filter(tenant=tenant_id, user=user.pk).delete()
    row.role, row.invited_by, row.deleted_at, row.deletion_id = role, invited_by, None, None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise (OwnerStays if role == Role.OWNER else AlreadyMember) from error
    row.refresh_from_db(fields=["updated_at"])
    emit(
        f"tenants.membership.{verb}",
        aggregate=row,
        payload={"user_id": str(user.pk), "role": role},
        actor=actor,
    )
    return row


class MembershipWriter(writes.Writer[Membership]):
    """Writes memberships: a role never exceeds the actor's, and removed members lose their access.

    Emits ``tenants.membership.role_changed`` and ``removed`` instead of the plain changes.
    """

    def create(self, values: Values, *, actor: Actor = None) -> Membership:
        """Enrol the user: a former member's row is restored rather than written a second time."""
        tenant = values.get("tenant")
        tenant_id = tenant.pk if tenant is not None else current_tenant_id()
        role = values.get("role", Role.MEMBER)
        _require_known(role)
        authority = authority_of(actor, tenant_id)
        if role == Role.OWNER and not authority.platform:
            raise OwnerStays
        authority.require_role(role)
        return enrol(tenant_id=tenant_id, user=values["user"], role=role, invited_by=actor, actor=actor)

    def prepare(self, row: Membership | None, values: Values, *, actor: Actor) -> Values:
        assert row is not None  # Rows are created by enrol().
        changed = writes.differing(row, values)
        writes.fixed_fields(row, values, set(values) - {"role"}, "This cannot be changed.")
        if "role" in changed:
            role = values["role"]
            _require_known(role)
            if Role.OWNER in (row.role, role):
                raise OwnerStays
            authority = authority_of(actor, row.tenant_id)
            authority.require_over(row)
            authority.require_role(role)
        return values

    def announced(self, change: writes.Change[Membership]) -> Sequence[str] | None:
        return change.changed if change.verb == "restored" else None

    def events(self, change: writes.Change[Membership]) -> list[NewEvent]:
        row, user_id = change.row, str(change.row.user_id)
        if change.verb == "updated":
            payload = {"user_id": user_id, "before": change.before["role"], "after": row.role}
            return [NewEvent("tenants.membership.role_changed", row, payload, change.actor)]
        if change.verb == "deleted":
            payload = {"user_id": user_id, "role": row.role}
            return [NewEvent("tenants.membership.removed", row, payload, change.actor)]
        return []

    def before_delete(self, row: Membership, *, actor: Actor) -> None:
        if row.role == Role.OWNER:
            raise OwnerStays
        if actor is None or actor.pk != row.user_id:
            authority_of(actor, row.tenant_id).require_over(row)

    def after_delete(self, row: Membership, *, actor: Actor) -> None:
        _end_access(row, timezone.now())

    def before_restore(self, row: Membership, *, actor: Actor) -> None:
        authority = authority_of(actor, row.tenant_id)
        authority.require_role(row.role)
        capabilities = UserCapability.objects.filter(tenant=row.tenant_id, user=row.user_id, enabled=True)
        for right in capabilities.values_list("capability_key", flat=True):
            authority.require_right(right)


def _require_known(role: str) -> None:
    if role not in Role.values:
        raise Invalid(errors={"role": [f"Choose one of {', '.join(Role.values)}."]})


def _locked(membership: Membership) -> Membership:
    """Lock the current row. Raises NotAMember if it was removed meanwhile."""
    row = Membership.objects.select_for_update(of=("self",)).select_related("user").filter(pk=membership.pk).first()
    if row is None:
        raise NotAMember
    return row


def _end_access(membership: Membership, now: datetime) -> None:
    with platform_context(tenant_id=membership.tenant_id):
        access_ended(user_id=membership.user_id, tenant_id=membership.tenant_id, now=now)
        User.objects.filter(pk=membership.user_id, primary_tenant=membership.tenant_id).update(primary_tenant=None)


writes.register(Membership, MembershipWriter)


def member_ids() -> QuerySet[Membership, UUID]:
    """Return the user ids of the current tenant's members."""
    return Membership.objects.values_list("user_id", flat=True)


register_member_ids(member_ids)
