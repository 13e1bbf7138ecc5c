"""Inviting people into a tenant, and their coming in.

The mailed link holds a secret that is derived, never stored. Whoever holds it reads the mail of the
invited address, which is proof enough of that address and of nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lad.errors import Conflict, DomainError, Invalid, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.services import passwords, people, sessions
from tenants.teams import tokens
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tenants.teams.services.memberships import enrol
from tenants.teams.status import closure


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


def _with_secret(token: str) -> Any:
    return TenantInvitation.all_objects.filter(invitation_token=tokens.hash_secret(token))


def _membership_again(row: TenantInvitation, user: User | None) -> Membership:
    membership = None
    if user is not None and row.accepted_by_id == user.pk:
        membership = Membership.objects.filter(tenant=row.tenant_id, user=user.pk).first()
    if membership is None:
        raise InvitationUsed
    return membership


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
