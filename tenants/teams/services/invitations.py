"""Send, resend and revoke invitations. Accepting them is in ``tenants.accounts.services.joining``."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.emails import valid_email
from lad.errors import Conflict, DomainError, Invalid, Throttled
from lad.outbox.emission import NewEvent, emit
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from lad.writes import Change
from tenants import budgets
from tenants.access.authority import authority_of, is_platform
from tenants.access.models import TenantRole
from tenants.access.roles import Role
from tenants.access.verification import require_verified
from tenants.accounts.models import User
from tenants.budgets import Budget, BudgetSpent
from tenants.teams import tokens
from tenants.teams.models import Membership, TenantInvitation
from tenants.teams.services.memberships import AlreadyMember, rights_of


class InvitationPending(Conflict):
    """An invitation to this address is pending already: resend or revoke it."""

    code = "invitation_pending"


class TooManyInvitations(Throttled):
    """Too many invitations were sent today, by this tenant or to this address. Send this one later."""

    code = "too_many_invitations"
    title = "Too many invitations"


class InvitationClosed(Conflict):
    """This invitation was accepted or revoked already: create a new one."""

    code = "invitation_closed"


@transaction.atomic
def create(
    *,
    email: str,
    actor: Actor,
    role: str = Role.MEMBER,
    tenant_role: TenantRole | None = None,
    message: str = "",
    tenant_id: UUID | None = None,
    now: datetime | None = None,
) -> TenantInvitation:
    """Invite an address to the tenant, replacing an expired invitation.

    Emits ``tenants.invitation.created``, which sends the mail. Raises Invalid, AboveYourRole,
    AlreadyMember, InvitationPending, EmailUnverified or TooManyInvitations.
    """
    values = {"email": email, "role": role, "tenant_role": tenant_role, "message": message, "now": now}
    tenant = {"tenant_id": tenant_id} if tenant_id else {}
    return writes.create(TenantInvitation, {**values, **tenant}, actor=actor)


@transaction.atomic
def resend(*, invitation: TenantInvitation, actor: Actor, now: datetime | None = None) -> TenantInvitation:
    """Send the invitation again with a new link and expiry, as the actor's own. The old link stops working.

    Emits ``tenants.invitation.resent``. Raises InvitationClosed, AboveYourRole, EmailUnverified or
    TooManyInvitations.
    """
    now = now or timezone.now()
    row = _lock_open(invitation)
    _check_role(row.role, row.tenant_role, actor, row.tenant_id)
    _count_mail(row.tenant_id, row.email, actor, now)
    row.token_version += 1
    row.expires_at = now + settings.INVITATION_LIFETIME
    if isinstance(actor, User):
        # Whoever invited first may have left, and with them their right to invite.
        row.invited_by = actor
    _renew_secret(row)
    row.save(update_fields=["token_version", "invitation_token", "expires_at", "invited_by"])
    row.refresh_from_db(fields=["updated_at"])
    emit(
        "tenants.invitation.resent",
        aggregate=row,
        payload={"email": row.email, "role": row.role, "number": row.token_version},
        actor=actor,
    )
    return row


@transaction.atomic
def revoke(*, invitation: TenantInvitation, actor: Actor, now: datetime | None = None) -> TenantInvitation:
    """Withdraw an invitation. Emits ``tenants.invitation.revoked``. Raises InvitationClosed."""
    row = _lock_open(invitation)
    row.revoked_at = now or timezone.now()
    row.save(update_fields=["revoked_at"])
    row.refresh_from_db(fields=["updated_at"])
    emit("tenants.invitation.revoked", aggregate=row, payload={"email": row.email, "role": row.role}, actor=actor)
    return row


class InvitationWriter(writes.Writer[TenantInvitation]):
    """Writes invitations. The value ``now`` stands in for the time of a new one.

    Emits ``tenants.invitation.created`` with the address and role, which sends the mail.
    """

    def prepare(self, row: TenantInvitation | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            return _new_values(values, actor)
        changed = writes.differing(row, values)
        # The mail has named the other fields already.
        message = "This cannot be changed: create a new invitation."
        writes.fixed_fields(row, values, set(values) - {"message"}, message)
        if changed and row.status(timezone.now()) in {"accepted", "revoked"}:
            raise InvitationClosed
        return values

    def refusal(self, row: TenantInvitation, error: DomainError, *, constraint: str) -> DomainError:
        return InvitationPending() if constraint == "tenant_invitations_pending_key" else error

    def announced(self, change: Change[TenantInvitation]) -> Sequence[str] | None:
        return None if change.created else change.changed

    def events(self, change: Change[TenantInvitation]) -> list[NewEvent]:
        row, payload = change.row, {"email": change.row.email, "role": change.row.role}
        return [NewEvent("tenants.invitation.created", row, payload, change.actor)] if change.created else []

    def before_restore(self, row: TenantInvitation, *, actor: Actor) -> None:
        _check_role(row.role, row.tenant_role, actor, row.tenant_id)


def _new_values(values: Values, actor: Actor) -> Values:
    """Return the columns of a new invitation. Mark an expired one to the address as revoked."""
    now, tenant = values.get("now") or timezone.now(), values.get("tenant")
    tenant_id = values.get("tenant_id") or (tenant.pk if tenant is not None else current_tenant_id())
    email, role = valid_email(values["email"]), values.get("role", Role.MEMBER)
    tenant_role = values.get("tenant_role")
    _check_role(role, tenant_role, actor, tenant_id)
    if Membership.objects.filter(tenant=tenant_id, user__email=email, user__deleted_at__isnull=True).exists():
        raise AlreadyMember
    TenantInvitation.objects.filter(
        tenant=tenant_id, email=email, accepted_at=None, revoked_at=None, expires_at__lte=now
    ).update(revoked_at=now)
    _count_mail(tenant_id, email, actor, now)
    row = TenantInvitation(tenant_id=tenant_id, email=email)
    return {
        "id": row.pk,
        "tenant_id": tenant_id,
        "email": email,
        "role": role,
        "tenant_role": tenant_role,
        "message": values.get("message", ""),
        "invited_by": actor if isinstance(actor, User) else None,
        "expires_at": now + settings.INVITATION_LIFETIME,
        "invitation_token": tokens.hash_secret(tokens.invitation_token(row)),
    }


def _lock_open(invitation: TenantInvitation) -> TenantInvitation:
    row: TenantInvitation | None = TenantInvitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if row is None or row.accepted_at is not None or row.revoked_at is not None:
        raise InvitationClosed
    return row


def _check_role(role: str, tenant_role: TenantRole | None, actor: Actor, tenant_id: UUID) -> None:
    if role not in Role.values or role == Role.OWNER:
        roles = ", ".join(each.value for each in Role if each != Role.OWNER)
        raise Invalid(errors={"role": [f"Choose one of {roles}. To change the owner, transfer the ownership."]})
    authority_of(actor, tenant_id).require(rights_of(role, tenant_role))


def _count_mail(tenant_id: UUID, email: str, actor: Actor, now: datetime) -> None:
    """Count a mail with an invitation. LAD's own staff may send any number. Raises EmailUnverified or the limit."""
    require_verified(actor)
    if is_platform(actor):
        return
    per_tenant = Budget(
        "invitations-of-tenant", settings.INVITATIONS_PER_DAY, timedelta(days=1) / settings.INVITATIONS_PER_DAY
    )
    per_address = Budget(
        "invitations-to-address",
        settings.INVITATIONS_PER_ADDRESS_PER_DAY,
        timedelta(days=1) / settings.INVITATIONS_PER_ADDRESS_PER_DAY,
    )
    try:
        budgets.spend([per_tenant.of(subject=str(tenant_id)), per_address.of(subject=email)], now=now)
    except BudgetSpent as error:
        raise TooManyInvitations(retry_after=error.retry_after) from error


def _renew_secret(row: TenantInvitation) -> None:
    row.invitation_token = tokens.hash_secret(tokens.invitation_token(row))


writes.register(TenantInvitation, InvitationWriter)
