"""Inviting people into a tenant, and their coming in.

The mailed link holds a secret that is derived, never stored. Whoever holds it reads the mail of the
invited address, which is proof enough of that address and of nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from lad import writes
from lad.emails import valid_email
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from tenants.access.authority import authority_of
from tenants.teams import tokens
from tenants.teams.models import Membership, Role, TenantInvitation
from tenants.teams.services.memberships import AlreadyMember


class InvitationPending(Conflict):
    """An invitation to this address is pending: resend or revoke it."""

    code = "invitation_pending"


class InvitationClosed(Conflict):
    """This invitation was accepted or revoked; make a new one."""

    code = "invitation_closed"


@transaction.atomic
def create(
    *,
    email: str,
    actor: Any,
    role: str = Role.MEMBER,
    message: str = "",
    tenant_id: UUID | None = None,
    now: datetime | None = None,
) -> TenantInvitation:
    """Invite an address into the tenant; one that expired before is replaced.

    Emits ``tenants.invitation.created``, which sends the mail. Raises Invalid, AboveYourRole,
    AlreadyMember or InvitationPending.
    """
    now = now or timezone.now()
    tenant_id = tenant_id or current_tenant_id()
    email = valid_email(email)
    _check_role(role, actor, tenant_id)
    if Membership.objects.filter(tenant=tenant_id, user__email=email, user__deleted_at__isnull=True).exists():
        raise AlreadyMember
    TenantInvitation.objects.filter(
        tenant=tenant_id, email=email, accepted_at=None, revoked_at=None, expires_at__lte=now
    ).update(revoked_at=now)
    row = TenantInvitation(
        tenant_id=tenant_id,
        email=email,
        role=role,
        message=message,
        invited_by=actor,
        expires_at=now + settings.INVITATION_LIFETIME,
    )
    _renew_secret(row)
    _insert(row)
    emit("tenants.invitation.created", aggregate=row, payload={"email": email, "role": role}, actor=actor)
    return row


@transaction.atomic
def resend(*, invitation: TenantInvitation, actor: Any, now: datetime | None = None) -> TenantInvitation:
    """Send the invitation again with a new link and a new term; the old link is dead from now on.

    Emits ``tenants.invitation.resent``. Raises InvitationClosed or AboveYourRole.
    """
    now = now or timezone.now()
    row = _open(invitation)
    _check_role(row.role, actor, row.tenant_id)
    row.token_version += 1
    row.expires_at = now + settings.INVITATION_LIFETIME
    _renew_secret(row)
    row.save(update_fields=["token_version", "invitation_token", "expires_at"])
    row.refresh_from_db(fields=["updated_at"])
    emit(
        "tenants.invitation.resent",
        aggregate=row,
        payload={"email": row.email, "role": row.role, "number": row.token_version},
        actor=actor,
    )
    return row


@transaction.atomic
def revoke(*, invitation: TenantInvitation, actor: Any, now: datetime | None = None) -> TenantInvitation:
    """Withdraw an invitation. Emits ``tenants.invitation.revoked``. Raises InvitationClosed."""
    row = _open(invitation)
    row.revoked_at = now or timezone.now()
    row.save(update_fields=["revoked_at"])
    row.refresh_from_db(fields=["updated_at"])
    emit("tenants.invitation.revoked", aggregate=row, payload={"email": row.email, "role": row.role}, actor=actor)
    return row


class InvitationWriter(writes.Writer):
    """Invitations are made and changed by the rules of this module however they are written."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> TenantInvitation:
        tenant = values.get("tenant")
        return create(
            email=values["email"],
            role=values.get("role", Role.MEMBER),
            message=values.get("message", ""),
            tenant_id=tenant.pk if tenant is not None else None,
            actor=actor,
        )

    def update(self, row: TenantInvitation, values: Mapping[str, Any], *, actor: Any = None) -> TenantInvitation:
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        # The mail named the role; another one is another invitation.
        fixed = changed - {"message"}
        if fixed:
            raise Invalid(errors={name: ["This cannot be changed; make a new invitation."] for name in fixed})
        if changed and row.status(timezone.now()) in {"accepted", "revoked"}:
            raise InvitationClosed
        updated: TenantInvitation = super().update(row, values, actor=actor)
        return updated

    def restore(self, row: TenantInvitation, *, actor: Any = None) -> TenantInvitation:
        _check_role(row.role, actor, row.tenant_id)
        restored: TenantInvitation = super().restore(row, actor=actor)
        return restored


def _open(invitation: TenantInvitation) -> TenantInvitation:
    row: TenantInvitation | None = TenantInvitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if row is None or row.accepted_at is not None or row.revoked_at is not None:
        raise InvitationClosed
    return row


def _check_role(role: str, actor: Any, tenant_id: UUID) -> None:
    if role not in Role.values or role == Role.OWNER:
        raise Invalid(errors={"role": ["Choose admin, member or viewer; ownership is transferred, not invited to."]})
    authority_of(actor, tenant_id).require_role(role)


def _renew_secret(row: TenantInvitation) -> None:
    row.invitation_token = tokens.hash_secret(tokens.invitation_token(row))


def _insert(row: TenantInvitation) -> None:
    try:
        row.clean_fields()
    except ValidationError as error:
        raise writes.invalid(error) from error
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise InvitationPending from error
    row.refresh_from_db(fields=["updated_at"])


writes.register(TenantInvitation, InvitationWriter)
