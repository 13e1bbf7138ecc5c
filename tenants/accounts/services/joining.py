"""Look up and accept invitations.

The secret in the mailed link is derived, never stored. Whoever has it can read the mail of the invited
address, so it proves ownership of that address and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from lad.errors import Conflict, DomainError, Invalid, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.access.authority import is_backed
from tenants.accounts.models import User
from tenants.accounts.services import passwords, sessions, users
from tenants.teams import tokens
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tenants.teams.services.memberships import enrol
from tenants.teams.status import closed_reason


class InvitationUnavailable(DomainError):
    """This invitation does not exist or was revoked; ask for a new one."""

    code = "invitation_unavailable"
    status = 404
    title = "Invitation not available"


class InvitationExpired(DomainError):
    """This invitation has expired; ask the person who invited you to send it again."""

    code = "invitation_expired"
    status = 410
    title = "Invitation expired"


class InvitationUsed(DomainError):
    """This invitation was accepted already: sign in instead."""

    code = "invitation_used"
    status = 410
    title = "Invitation used"


class InvitedSomebodyElse(NotAllowed):
    """This invitation was sent to another address than yours: sign in with the invited address."""

    code = "invited_somebody_else"


class AccountExists(Conflict):
    """An account with the invited address exists: sign in with it and accept again."""

    code = "account_exists"


@dataclass(frozen=True, slots=True)
class InvitationPreview:
    """What the holder of an invitation's secret may see before accepting."""

    tenant_name: str
    inviter: str
    email: str
    status: str
    has_account: bool


@dataclass(frozen=True, slots=True)
class NewUser:
    """The account to create; its address is that of the invitation."""

    password: str
    first_name: str
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """The membership, and the session if accepting created the account."""

    membership: Membership
    signed_in: sessions.SignedIn | None = None


def look_up(*, token: str, now: datetime | None = None) -> InvitationPreview:
    """Return the invitation with this secret.

    Raises InvitationUnavailable if it is unknown or revoked, or if whoever sent it may no longer invite.
    """
    now = now or timezone.now()
    with platform_context():
        row = _with_secret(token).select_related("tenant", "invited_by", "tenant_role").first()
        if row is None or row.status(now) == "revoked" or closed_reason(row.tenant, now) is not None:
            raise InvitationUnavailable
        if row.accepted_at is None and not is_backed(row):
            raise InvitationUnavailable
        has_account = User.objects.filter(email=row.email).exists()
        return InvitationPreview(row.tenant.name, row.invited_by.full_name, row.email, row.status(now), has_account)


def look_up_pending(*, token: str, now: datetime | None = None) -> InvitationPreview:
    """Return the invitation with this secret if it can be accepted.

    Raises InvitationUnavailable, InvitationExpired or InvitationUsed.
    """
    found = look_up(token=token, now=now)
    if found.status == "expired":
        raise InvitationExpired
    if found.status == "accepted":
        raise InvitationUsed
    return found


def accept(
    *,
    token: str,
    user: User | None = None,
    new_user: NewUser | None = None,
    user_agent: str = "",
    start_session: bool = True,
    now: datetime | None = None,
) -> AcceptedInvitation:
    """Make ``user``, or a new account, a member of the tenant, and mark the address as verified.

    A new account gets a session of the API, unless the caller wants none. Accepting again as the same user
    returns the same membership. Emits ``tenants.invitation.accepted`` in addition to the membership's event.
    Raises InvitationUnavailable, InvitationExpired, InvitationUsed, InvitedSomebodyElse, AccountExists or Invalid.
    """
    now = now or timezone.now()
    with platform_context(user_id=user.pk if user else None):
        # A second, simultaneous call waits here and then finds the invitation accepted.
        row = _with_secret(token).select_for_update().first()
        if row is None or row.status(now) == "revoked":
            raise InvitationUnavailable
        if closed_reason(Tenant.all_objects.get(pk=row.tenant_id), now) is not None:
            raise InvitationUnavailable
        if row.accepted_at is not None:
            return AcceptedInvitation(_accepted_membership(row, user))
        if row.status(now) == "expired":
            raise InvitationExpired
        if user is not None and user.email != row.email:
            raise InvitedSomebodyElse
        if not is_backed(row):
            raise InvitationUnavailable
        new_member = user or _create_user(row, new_user)
        with platform_context(tenant_id=row.tenant_id, user_id=new_member.pk):
            membership = _join(row, new_member, now)
        signed_in = None
        if user is None and start_session:
            signed_in = sessions.start(user=new_member, tenant_id=row.tenant_id, user_agent=user_agent, now=now)
        return AcceptedInvitation(membership, signed_in)


def _with_secret(token: str) -> QuerySet[TenantInvitation]:
    rows: QuerySet[TenantInvitation] = TenantInvitation.all_objects.filter(invitation_token=tokens.hash_secret(token))
    return rows


def _accepted_membership(row: TenantInvitation, user: User | None) -> Membership:
    membership = None
    if user is not None and row.accepted_by_id == user.pk:
        membership = Membership.objects.filter(tenant=row.tenant_id, user=user.pk).first()
    if membership is None:
        raise InvitationUsed
    return membership


def _create_user(row: TenantInvitation, new_user: NewUser | None) -> User:
    if User.objects.filter(email=row.email).exists():
        raise AccountExists
    if new_user is None or not new_user.first_name.strip():
        raise Invalid(
            "There is no account for this address yet: send a name and a password to create one.",
            errors={"first_name": ["Enter your first name."], "password": ["Choose a password."]},
        )
    first_name, last_name = new_user.first_name.strip(), new_user.last_name.strip()
    passwords.validate(new_user.password, user=User(email=row.email, first_name=first_name, last_name=last_name))
    return users.create_user(
        email=row.email,
        password=new_user.password,
        first_name=first_name,
        last_name=last_name,
        primary_tenant_id=row.tenant_id,
    )


def _join(row: TenantInvitation, user: User, now: datetime) -> Membership:
    User.objects.filter(pk=user.pk, email_verified=False).update(email_verified=True)
    membership = Membership.objects.filter(tenant=row.tenant_id, user=user.pk).first()
    if membership is None:
        membership = enrol(
            tenant_id=row.tenant_id,
            user=user,
            role=row.role,
            tenant_role=row.tenant_role,
            invited_by=row.invited_by,
            actor=user,
        )
    row.accepted_at, row.accepted_by = now, user
    row.save(update_fields=["accepted_at", "accepted_by"])
    emit(
        "tenants.invitation.accepted",
        aggregate=row,
        payload={"email": row.email, "role": row.role, "user_id": str(user.pk)},
        actor=user,
    )
    return membership
