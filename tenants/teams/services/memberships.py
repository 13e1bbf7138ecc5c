"""Add and remove members, change roles, transfer ownership. Every tenant has exactly one owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.api.permissions import MissingRight
from lad.errors import Conflict, Invalid
from lad.outbox.emission import NewEvent, emit
from lad.tenancy.access import Access
from lad.tenancy.context import current_tenant_id, platform_context
from lad.tenancy.members import register_member_ids
from lad.types import Actor, Values
from tenants.access import lowering
from tenants.access.authority import authority_of
from tenants.access.errors import AboveYourRole
from tenants.access.models import TenantRole, UserCapability
from tenants.access.rights import role_rights
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.extensions import access_ended, holdings
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


class ConsentNeeded(Conflict):
    """Nobody becomes a member without their consent: send an invitation, which they can accept."""

    code = "consent_needed"


@transaction.atomic
def change_role(
    *, membership: Membership, role: str, actor: Actor, tenant_role: TenantRole | None = None
) -> Membership:
    """Give a member another role. Emits ``tenants.membership.role_changed`` if it differs.

    Single rights that the new role lacks end. Raises OwnerStays if either role is owner. Raises AboveYourRole.
    """
    return writes.update(_locked(membership), {"role": role, "tenant_role": tenant_role}, actor=actor)


@dataclass(frozen=True, slots=True)
class Handover:
    """The rows handed over when a member was removed: their number by kind, and sentences about the rest."""

    counts: Mapping[str, int]
    notes: Sequence[str]


def held_by(membership: Membership) -> dict[str, int]:
    """Return the number of rows of each kind that the member holds, such as leads, without zeros."""
    counts = {each.name: each.count(membership.user_id) for each in holdings()}
    return {name: count for name, count in counts.items() if count}


@transaction.atomic
def hand_over(*, membership: Membership, to: User, access: Access) -> Handover:
    """Give what a member holds to another member, as far as possible.

    Raises Invalid if the other one is not a member, and MissingRight if the caller may not change such rows.
    """
    if to.pk == membership.user_id or not Membership.objects.filter(tenant=membership.tenant_id, user=to.pk).exists():
        raise Invalid(errors={"hand_over_to": ["Choose another member of this tenant."]})
    counts = held_by(membership)
    notes: list[str] = []
    for each in holdings():
        if each.name in counts:
            if not access.allows(each.right):
                raise MissingRight(right=each.right)
            notes += each.hand_over(membership.user_id, to, access)
    return Handover(counts, notes)


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
    authority = authority_of(actor, tenant_id)
    if not authority.platform and (owner is None or actor is None or owner.user_id != actor.pk):
        raise AboveYourRole("Only the owner can transfer the ownership.")
    authority.require(role_rights(Role.OWNER))
    if owner is not None:
        owner.role = Role.ADMIN
        owner.save(update_fields=["role"])
    successor.role, successor.tenant_role = Role.OWNER, None
    successor.save(update_fields=["role", "tenant_role"])
    successor.refresh_from_db(fields=["updated_at"])
    if owner is not None:
        _follow_lowering(owner, actor)
    emit(
        "tenants.membership.ownership_transferred",
        aggregate=successor,
        payload={"from_user_id": str(owner.user_id) if owner else None, "to_user_id": str(successor.user_id)},
        actor=actor,
    )
    return successor


@transaction.atomic
def enrol(
    *,
    tenant_id: UUID,
    user: User,
    role: str,
    tenant_role: TenantRole | None = None,
    invited_by: Actor = None,
    actor: Actor = None,
) -> Membership:
    """Make a user a member. A former member's row is restored without its single rights.

    The caller has checked that the user consents and that the actor may give the role. Emits
    ``tenants.membership.created`` or ``tenants.membership.revived``. Raises AlreadyMember or OwnerStays.
    """
    row = Membership.all_objects.select_for_update().filter(tenant=tenant_id, user=user.pk).first()
    if row is not None and row.deleted_at is None:
        raise AlreadyMember
    verb = "created" if row is None else "revived"
    if row is None:
        row = Membership(tenant_id=tenant_id, user=user)
    else:
        UserCapability.objects.filter(tenant=tenant_id, user=user.pk).delete()
    row.role, row.tenant_role, row.invited_by = role, tenant_role, invited_by
    row.deleted_at = row.deletion_id = None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise (OwnerStays if role == Role.OWNER else AlreadyMember) from error
    row.refresh_from_db(fields=["updated_at"])
    emit(
        f"tenants.membership.{verb}",
        aggregate=row,
        payload={"user_id": str(user.pk), "role": _role_key(role, tenant_role)},
        actor=actor,
    )
    return row


class MembershipWriter(writes.Writer[Membership]):
    """Writes memberships: a role never exceeds the actor's rights, and removed members lose their access.

    A role that is given alone ends the tenant's own role.

    Emits ``tenants.membership.role_changed`` and ``removed`` instead of the plain changes.
    """

    def create(self, values: Values, *, actor: Actor = None) -> Membership:
        """Enrol the user without asking them, which only LAD's superusers may do."""
        tenant = values.get("tenant")
        tenant_id = tenant.pk if tenant is not None else current_tenant_id()
        role, tenant_role = values.get("role", Role.MEMBER), values.get("tenant_role")
        _require_known(role)
        if not authority_of(actor, tenant_id).platform:
            raise ConsentNeeded
        return enrol(
            tenant_id=tenant_id,
            user=values["user"],
            role=role,
            tenant_role=tenant_role,
            invited_by=actor,
            actor=actor,
        )

    def prepare(self, row: Membership | None, values: Values, *, actor: Actor) -> Values:
        assert row is not None  # Rows are created by enrol().
        writes.fixed_fields(row, values, set(values) - {"role", "tenant_role"}, "This cannot be changed.")
        role = values.get("role", row.role)
        _require_known(role)
        tenant_role = values.get("tenant_role", None if "role" in values else row.tenant_role)
        chosen = {"role": role, "tenant_role": tenant_role}
        if writes.differing(row, chosen):
            if Role.OWNER in (row.role, role):
                raise OwnerStays
            authority = authority_of(actor, row.tenant_id)
            authority.require_over(row)
            authority.require(rights_of(role, tenant_role))
        return chosen

    def announced(self, change: writes.Change[Membership]) -> Sequence[str] | None:
        return change.changed if change.verb == "restored" else None

    def events(self, change: writes.Change[Membership]) -> list[NewEvent]:
        row, user_id = change.row, str(change.row.user_id)
        if change.verb == "updated":
            before = _role_key(*_role_before(change))
            payload = {"user_id": user_id, "before": before, "after": _role_key(row.role, row.tenant_role)}
            return [NewEvent("tenants.membership.role_changed", row, payload, change.actor)]
        if change.verb == "deleted":
            payload = {"user_id": user_id, "role": _role_key(row.role, row.tenant_role)}
            return [NewEvent("tenants.membership.removed", row, payload, change.actor)]
        return []

    def after_save(self, change: writes.Change[Membership]) -> None:
        row = change.row
        if rights_of(*_role_before(change)) - rights_of(row.role, row.tenant_role):
            _follow_lowering(row, change.actor)

    def before_delete(self, row: Membership, *, actor: Actor) -> None:
        if row.role == Role.OWNER:
            raise OwnerStays
        if actor is None or actor.pk != row.user_id:
            authority_of(actor, row.tenant_id).require_over(row)

    def after_delete(self, row: Membership, *, actor: Actor) -> None:
        _end_access(row, timezone.now())
        lowering.follow(tenant_id=row.tenant_id, user_ids=[row.user_id], remaining=frozenset(), actor=actor)

    def before_restore(self, row: Membership, *, actor: Actor) -> None:
        if not authority_of(actor, row.tenant_id).platform:
            raise ConsentNeeded


def rights_of(role: str, tenant_role: TenantRole | None) -> frozenset[str]:
    """Return the rights of a role, or of the tenant's own role that replaces it. Raises Invalid for a deleted one."""
    if tenant_role is not None and tenant_role.deleted_at is not None:
        raise Invalid(errors={"tenant_role": ["This role was deleted; choose another."]})
    return role_rights(role, tenant_role.rights if tenant_role is not None else None)


def _role_before(change: writes.Change[Membership]) -> tuple[str, TenantRole | None]:
    key = change.before.get("tenant_role", change.row.tenant_role_id)
    tenant_role = TenantRole.all_objects.filter(pk=key).first() if key is not None else None
    return change.before.get("role", change.row.role), tenant_role


def _role_key(role: str, tenant_role: TenantRole | None) -> str:
    return role if tenant_role is None else tenant_role.key


def _follow_lowering(row: Membership, actor: Actor) -> None:
    remaining = rights_of(row.role, row.tenant_role)
    lowering.follow(tenant_id=row.tenant_id, user_ids=[row.user_id], remaining=remaining, actor=actor)


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


def member_ids(*, former: bool = False) -> QuerySet[Membership, UUID]:
    """Return the user ids of the current tenant's members, with ``former`` also of those who left."""
    rows = Membership.all_objects if former else Membership.objects
    return rows.values_list("user_id", flat=True)


register_member_ids(member_ids)
