"""Inviting people into a tenant, and their coming in.

The mailed link holds a secret that is derived, never stored. Whoever holds it reads the mail of the
invited address, which is proof enough of that address and of nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, DomainError, Invalid, NotAllowed
from lad.tenancy.context import current_tenant_id, platform_context
from tenants import tokens
from tenants.models import Membership, Role, Tenant, TenantInvitation, User
from tenants.outbox import emit
from tenants.services import passwords, people, sessions
from tenants.services.authority import authority_of
from tenants.services.memberships import AlreadyMember, enrol
from tenants.standing import closure


class InvitationPending(Conflict):
    """An invitation to this address is pending: resend or revoke it."""

    code = "invitation_pending"


class InvitationClosed(Conflict):
    """This invitation was accepted or revoked; make a new one."""

    code = "invitation_closed"


class InvitationUnavailable(DomainError):
    """There is no such invitation; ask for a new one."""

    code = "invitation_unavailable"
    status = 404
    title = "Invitation not available"


class InvitationExpired(DomainError):
    """This invitation has expired; ask the person who invited you to send it again."""

    code = "invitation_expired"
    status = 410
    title = "Invitation expired"


class InvitationUsed(DomainError):
    """This invitation was accepted already: sign in."""

    code = "invitation_used"
    status = 410
    title = "Invitation used"


class InvitedSomebodyElse(NotAllowed):
    """This invitation is for another address than the one you are signed in with."""

    code = "invited_somebody_else"


class AccountExists(Conflict):
    """An account with the invited address exists: sign in with it and accept again."""

    code = "account_exists"


@dataclass(frozen=True, slots=True)
class Preview:
    """What the holder of an invitation's secret may know before accepting."""

    tenant_name: str
    inviter: str
    email: str
    status: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Whom to make an account for; the address is the invitation's."""

    password: str
    first_name: str
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting led to; ``signed_in`` is there for somebody who had no account before."""

    membership: Membership
    signed_in: sessions.SignedIn | None = None


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
    email = people.valid_email(email)
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


def look_up(*, token: str, now: datetime | None = None) -> Preview:
    """What the invitation with this secret is. An unknown and a revoked one read the same: InvitationUnavailable."""
    now = now or timezone.now()
    with platform_context():
        row = _with_secret(token).select_related("tenant", "invited_by").first()
        if row is None or row.status(now) == "revoked" or closure(row.tenant, now) is not None:
            raise InvitationUnavailable
        return Preview(row.tenant.name, row.invited_by.full_name, row.email, row.status(now))


def accept(
    *,
    token: str,
    user: User | None = None,
    new_person: NewPerson | None = None,
    user_agent: str = "",
    now: datetime | None = None,
) -> Accepted:
    """Come into the tenant, as ``user`` or with an account made on the spot.

    The address counts as verified afterwards. Repeating it as the same user answers the same
    membership. Emits ``tenants.invitation.accepted`` beside the membership's own event. Raises
    InvitationUnavailable, InvitationExpired, InvitationUsed, InvitedSomebodyElse, AccountExists
    or Invalid.
    """
    now = now or timezone.now()
    with platform_context(user_id=user.pk if user else None):
        # Two clicks at once: the second waits here and finds the first one's work done.
        row = _with_secret(token).select_for_update().first()
        if row is None or row.status(now) == "revoked":
            raise InvitationUnavailable
        if closure(Tenant.all_objects.get(pk=row.tenant_id), now) is not None:
            raise InvitationUnavailable
        if row.accepted_at is not None:
            return Accepted(_membership_again(row, user))
        if row.status(now) == "expired":
            raise InvitationExpired
        if user is not None and user.email != row.email:
            raise InvitedSomebodyElse
        joining = user or _sign_up(row, new_person)
        with platform_context(tenant_id=row.tenant_id, user_id=joining.pk):
            membership = _come_in(row, joining, now)
        signed_in = None
        if user is None:
            signed_in = sessions.start(user=joining, tenant_id=row.tenant_id, user_agent=user_agent, now=now)
        return Accepted(membership, signed_in)


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


def _with_secret(token: str) -> Any:
    return TenantInvitation.all_objects.filter(invitation_token=tokens.hash_secret(token))


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


def _membership_again(row: TenantInvitation, user: User | None) -> Membership:
    membership = None
    if user is not None and row.accepted_by_id == user.pk:
        membership = Membership.objects.filter(tenant=row.tenant_id, user=user.pk).first()
    if membership is None:
        raise InvitationUsed
    return membership


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


def _sign_up(row: TenantInvitation, person: NewPerson | None) -> User:
    if User.objects.filter(email=row.email).exists():
        raise AccountExists
    if person is None or not person.first_name.strip():
        raise Invalid(
            "There is no account for this address yet: send a name and a password to make one.",
            errors={"first_name": ["Say what you are called."], "password": ["Choose a password."]},
        )
    first_name, last_name = person.first_name.strip(), person.last_name.strip()
    passwords.validate(person.password, user=User(email=row.email, first_name=first_name, last_name=last_name))
    return people.create_user(
        email=row.email,
        password=person.password,
        first_name=first_name,
        last_name=last_name,
        primary_tenant_id=row.tenant_id,
    )


def _come_in(row: TenantInvitation, user: User, now: datetime) -> Membership:
    User.objects.filter(pk=user.pk, email_verified=False).update(email_verified=True)
    membership = Membership.objects.filter(tenant=row.tenant_id, user=user.pk).first()
    if membership is None:
        membership = enrol(tenant_id=row.tenant_id, user=user, role=row.role, invited_by=row.invited_by, actor=user)
    row.accepted_at, row.accepted_by = now, user
    row.save(update_fields=["accepted_at", "accepted_by"])
    emit(
        "tenants.invitation.accepted",
        aggregate=row,
        payload={"email": row.email, "role": row.role, "user_id": str(user.pk)},
        actor=user,
    )
    return membership
