"""Who belongs to a tenant, and in which role. Every tenant has one owner; the role changes hands by transfer only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id, platform_context
from lad.tenancy.members import register_member_ids
from tenants.access.authority import AboveYourRole, authority_of
from tenants.access.models import UserCapability
from tenants.accounts.models import User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Role, Tenant


class OwnerStays(Conflict):
    """The owner's membership changes only by transferring the ownership to another member first."""

    code = "owner_stays"


class AlreadyMember(Conflict):
    """This person is a member of the tenant already."""

    code = "already_member"


class NotAMember(Conflict):
    """This person is not an active member of the tenant any more."""

    code = "not_a_member"


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: Any) -> Membership:
    """Give a member another role. Emits ``tenants.membership.role_changed``; no event when it is the same.

    Raises OwnerStays when the owner's role is taken or given, and AboveYourRole.
    """
    row = _locked(membership)
    if row.role == role:
        return row
    if Role.OWNER in (row.role, role):
        raise OwnerStays
    authority = authority_of(actor, row.tenant_id)
    authority.require_over(row)
    authority.require_role(role)
    before, row.role = row.role, role
    row.save(update_fields=["role"])
    row.refresh_from_db(fields=["updated_at"])
    emit(
        "tenants.membership.role_changed",
        aggregate=row,
        payload={"user_id": str(row.user_id), "before": before, "after": role},
        actor=actor,
    )
    return row


@transaction.atomic
def remove(*, membership: Membership, actor: Any, now: datetime | None = None) -> None:
    """End a membership, one's own (leaving) or another's; their sessions in the tenant end with it.

    Emits ``tenants.membership.removed``. Raises OwnerStays or AboveYourRole.
    """
    row = _locked(membership)
    if row.role == Role.OWNER:
        raise OwnerStays
    if actor is None or actor.pk != row.user_id:
        authority_of(actor, row.tenant_id).require_over(row)
    row.delete()
    _forget(row, now or timezone.now())
    emit(
        "tenants.membership.removed",
        aggregate=row,
        payload={"user_id": str(row.user_id), "role": row.role},
        actor=actor,
    )


def leave(*, user: User, tenant_id: UUID) -> None:
    """End one's own membership. Raises NotAMember or OwnerStays."""
    with platform_context(tenant_id=tenant_id, user_id=user.pk):
        membership = Membership.objects.filter(tenant=tenant_id, user=user.pk).first()
        if membership is None:
            raise NotAMember("You are not a member of that tenant.")
        remove(membership=membership, actor=user)


@transaction.atomic
def transfer_ownership(*, membership: Membership, actor: Any) -> Membership:
    """Make the member the owner and the present owner an admin, in one step.

    Only the owner, or LAD's own staff, may. Emits ``tenants.membership.ownership_transferred``.
    Idempotent. Raises NotAMember or AboveYourRole.
    """
    tenant_id = membership.tenant_id
    # One transfer at a time: the second must see the first one's outcome, not wait on a row that has moved on.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    owner = Membership.objects.select_for_update().filter(tenant=tenant_id, role=Role.OWNER).first()
    heir = _locked(membership)
    if not heir.user.is_active:
        raise NotAMember
    if owner is not None and owner.pk == heir.pk:
        return heir
    if not authority_of(actor, tenant_id).platform and (owner is None or owner.user_id != actor.pk):
        raise AboveYourRole("Only the owner can transfer the ownership.")
    if owner is not None:
        owner.role = Role.ADMIN
        owner.save(update_fields=["role"])
    heir.role = Role.OWNER
    heir.save(update_fields=["role"])
    heir.refresh_from_db(fields=["updated_at"])
    emit(
        "tenants.membership.ownership_transferred",
        aggregate=heir,
        payload={"from_user_id": str(owner.user_id) if owner else None, "to_user_id": str(heir.user_id)},
        actor=actor,
    )
    return heir


@transaction.atomic
def enrol(*, tenant_id: UUID, user: User, role: str, invited_by: Any = None, actor: Any = None) -> Membership:
    """Make somebody a member, reviving a membership that was removed; what it could do beyond its role is gone.

    Emits ``tenants.membership.created`` or ``tenants.membership.revived``. Raises AlreadyMember, also
    when two do it at the same moment. The caller has checked the ceiling.
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


class MembershipWriter(writes.Writer):
    """Memberships obey the rules of this module however they are written."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Membership:
        tenant = values.get("tenant")
        tenant_id = tenant.pk if tenant is not None else current_tenant_id()
        role = values.get("role", Role.MEMBER)
        if role not in Role.values:
            raise Invalid(errors={"role": [f"Choose one of {', '.join(Role.values)}."]})
        authority = authority_of(actor, tenant_id)
        if role == Role.OWNER and not authority.platform:
            raise OwnerStays
        authority.require_role(role)
        return enrol(tenant_id=tenant_id, user=values["user"], role=role, invited_by=actor, actor=actor)

    def update(self, row: Membership, values: Mapping[str, Any], *, actor: Any = None) -> Membership:
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        if changed - {"role"}:
            raise Invalid(errors={name: ["This cannot be changed."] for name in changed - {"role"}})
        role = values.get("role", row.role)
        if role not in Role.values:
            raise Invalid(errors={"role": [f"Choose one of {', '.join(Role.values)}."]})
        return change_role(membership=row, role=role, actor=actor)

    def delete(self, row: Membership, *, actor: Any = None) -> None:
        remove(membership=row, actor=actor)

    def restore(self, row: Membership, *, actor: Any = None) -> Membership:
        authority = authority_of(actor, row.tenant_id)
        authority.require_role(row.role)
        capabilities = UserCapability.objects.filter(tenant=row.tenant_id, user=row.user_id, enabled=True)
        for right in capabilities.values_list("capability_key", flat=True):
            authority.require_right(right)
        restored: Membership = super().restore(row, actor=actor)
        return restored


def _locked(membership: Membership) -> Membership:
    """The row as it is now, held until the transaction ends. Raises NotAMember when it was removed meanwhile."""
    row = Membership.objects.select_for_update(of=("self",)).select_related("user").filter(pk=membership.pk).first()
    if row is None:
        raise NotAMember
    return row


def _forget(membership: Membership, now: datetime) -> None:
    with platform_context(tenant_id=membership.tenant_id):
        sessions.revoke_in_tenant(user_id=membership.user_id, tenant_id=membership.tenant_id, now=now)
        User.objects.filter(pk=membership.user_id, primary_tenant=membership.tenant_id).update(primary_tenant=None)


writes.register(Membership, MembershipWriter)


def member_ids() -> QuerySet[Membership, Any]:
    """Return the user ids of the current tenant's members."""
    return Membership.objects.values("user")


register_member_ids(member_ids)
