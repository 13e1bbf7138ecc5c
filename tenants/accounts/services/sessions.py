"""Sessions: a short-lived access token and a refresh token that works once.

A refresh token used a second time was stolen. LAD cannot tell the thief from the user, so it ends the
whole session. Only a short grace is given, because a browser may refresh in two tabs at once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from lad.errors import Conflict, Invalid, NotAuthenticated
from lad.tenancy.context import platform_context
from tenants.access.errors import NoMembership
from tenants.accounts import tokens
from tenants.accounts.clients import SignInClient
from tenants.accounts.models import RefreshToken, SessionKind, User
from tenants.accounts.services import credentials, user_sessions
from tenants.teams.extensions import on_access_ended
from tenants.teams.models import Membership
from tenants.teams.status import closed_reason
from tenants.teams.tokens import hash_secret
from tenants.two_factor import services as two_factor
from tenants.two_factor.errors import SecondFactorRequired

TOKEN_BYTES: Final = 32


class InvalidRefreshToken(NotAuthenticated):
    """The refresh token is unknown, expired or revoked: sign in again."""

    code = "invalid_refresh_token"


class RefreshTokenReused(NotAuthenticated):
    """The refresh token was used before, so its session was ended: sign in again."""

    code = "refresh_token_reused"


class NoSession(Conflict):
    """This token belongs to no session of LAD: sign in to LAD and repeat the request."""

    code = "no_session"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The current tokens of a session. ``expires_in`` is the access token's lifetime in seconds."""

    user: User
    tenant_id: UUID | None
    session_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int


def sign_in(
    *,
    email: str,
    password: str,
    code: str = "",
    user_agent: str = "",
    client: SignInClient | None = None,
    now: datetime | None = None,
) -> SignedIn:
    """Start a session for an e-mail address and password, and for the code of a user with a second factor.

    Raises WrongCredentials or LockedOut; SecondFactorRequired, WrongCode or CodesLocked.
    """
    now = now or timezone.now()
    user = credentials.verify(email=email, password=password, client=client, now=now)
    if two_factor.has_second_factor(user):
        if not code:
            raise SecondFactorRequired
        two_factor.check_code(user=user, code=code, now=now)
    return start(user=user, user_agent=user_agent, now=now)


def start(*, user: User, tenant_id: UUID | None = None, user_agent: str = "", now: datetime | None = None) -> SignedIn:
    """Start a session for an authenticated user, in ``tenant_id`` or their default tenant."""
    now = now or timezone.now()
    with platform_context(user_id=user.pk):
        tenant_id = tenant_id or default_tenant(user, now)
        session = user_sessions.open_session(
            user=user, tenant_id=tenant_id, kind=SessionKind.API, user_agent=user_agent, now=now
        )
        return _issue(user, tenant_id, session.pk, user_agent, now)


def start_in_admin(user_id: UUID, *, now: datetime) -> UUID:
    """Record that a user has signed in to the admin, and return the id of their session. Needs a platform scope."""
    user = User.objects.get(pk=user_id)
    # LAD's staff work for no tenant, whichever they look at.
    tenant_id = None if user.is_superuser else default_tenant(user, now)
    session = user_sessions.open_session(user=user, tenant_id=tenant_id, kind=SessionKind.ADMIN, now=now)
    return session.pk


def confirm(
    *,
    user: User,
    session_id: UUID | None,
    password: str = "",
    code: str = "",
    client: SignInClient | None = None,
    now: datetime | None = None,
) -> datetime:
    """Record that the user of a session is there, and return until when that counts.

    A user with a second factor proves it by the code, everybody else by the password. Call it outside a transaction.
    Raises Invalid, WrongCode, CodesLocked or LockedOut; NoSession for a token that belongs to no session of LAD's.
    """
    now = now or timezone.now()
    if session_id is None:
        raise NoSession
    has_factor = two_factor.has_second_factor(user)
    if has_factor:
        if not code:
            raise Invalid(errors={"code": ["Enter the code of your authenticator app, or a recovery code."]})
        two_factor.check_code(user=user, code=code, now=now)
    else:
        try:
            credentials.verify(email=user.email, password=password, client=client, now=now)
        except credentials.WrongCredentials as error:
            raise Invalid(errors={"password": ["This is not your password."]}) from error
    user_sessions.confirm(session_id, second_factor=has_factor, now=now)
    return now + settings.STEP_UP_LIFETIME


def refresh(*, refresh_token: str, user_agent: str = "", now: datetime | None = None) -> SignedIn:
    """Exchange a refresh token for new tokens of the same session.

    A token that was used within the last ``REFRESH_GRACE`` is exchanged again. Raises InvalidRefreshToken.
    Raises RefreshTokenReused if the token was used longer ago, and ends the session.
    """
    now = now or timezone.now()
    with platform_context():
        row = (
            RefreshToken.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(token_hash=hash_secret(refresh_token))
            .first()
        )
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise InvalidRefreshToken
        # Who waited for the lock began before the token was used: that is zero seconds ago, not less.
        reused = row.used_at is not None and max(now - row.used_at, timedelta(0)) >= settings.REFRESH_GRACE
        if not reused and row.user.is_active and row.user.deleted_at is None:
            if row.used_at is None:
                row.used_at = now
                row.save(update_fields=["used_at"])
            tenant_id = _tenant_if_member(row) or default_tenant(row.user, now)
            user_sessions.continue_session(
                user=row.user, tenant_id=tenant_id, session_id=row.session_id, user_agent=user_agent, now=now
            )
            return _issue(row.user, tenant_id, row.session_id, user_agent, now)
        user_sessions.end(user_id=row.user_id, session_id=row.session_id, now=now)
    # Raised outside the scope: inside, it would roll the revocation back.
    raise RefreshTokenReused if reused else InvalidRefreshToken


def sign_out(
    *, user: User, session_id: UUID | None = None, everywhere: bool = False, now: datetime | None = None
) -> int:
    """End one session of the user, or all, of the API and of the admin. Idempotent.

    Return the number of revoked refresh tokens.
    """
    if session_id is None and not everywhere:
        return 0
    with platform_context(user_id=user.pk):
        which = None if everywhere else session_id
        return user_sessions.end(user_id=user.pk, session_id=which, now=now or timezone.now())


def sign_out_token(*, refresh_token: str, now: datetime | None = None) -> None:
    """End the session of a refresh token. An unknown token is ignored."""
    with platform_context():
        row = RefreshToken.objects.filter(token_hash=hash_secret(refresh_token)).first()
        if row is not None:
            user_sessions.end(user_id=row.user_id, session_id=row.session_id, now=now or timezone.now())


def revoke_others(*, user: User, keep: UUID | None, now: datetime) -> None:
    """End all sessions of the user except ``keep``."""
    with platform_context(user_id=user.pk):
        user_sessions.end(user_id=user.pk, keep=keep, now=now)


def revoke_in_tenant(user_id: UUID, tenant_id: UUID, now: datetime) -> None:
    """End the sessions in which the user works in this tenant."""
    with platform_context(tenant_id=tenant_id):
        user_sessions.end(user_id=user_id, tenant_id=tenant_id, now=now)


def switch_tenant(*, user: User, tenant_id: UUID, session_id: UUID | None = None, now: datetime | None = None) -> str:
    """Return an access token for another tenant of the user. Later tokens of the session stay in that tenant.

    Raises NoMembership, or TenantClosed if the tenant is closed.
    """
    now = now or timezone.now()
    with platform_context(user_id=user.pk):
        membership = Membership.objects.filter(user=user, tenant=tenant_id).select_related("tenant").first()
        if membership is None:
            raise NoMembership("You are not a member of that tenant.")
        closed = closed_reason(membership.tenant, now)
        if closed is not None:
            raise closed
        if session_id is not None:
            RefreshToken.objects.filter(user=user, session_id=session_id, used_at__isnull=True).update(tenant=tenant_id)
            user_sessions.move(session_id, tenant_id)
    return tokens.issue_access_token(user=user, tenant_id=tenant_id, session_id=session_id, now=now)


def default_tenant(user: User, now: datetime) -> UUID | None:
    """Return the tenant a new session starts in: the primary one if open, else an open one, else any."""
    memberships = list(Membership.objects.filter(user=user).select_related("tenant").order_by("created_at", "id"))
    primary_id = user.primary_tenant_id
    memberships.sort(key=lambda row: (closed_reason(row.tenant, now) is not None, row.tenant_id != primary_id))
    return memberships[0].tenant_id if memberships else None


def clean_up(*, now: datetime) -> int:
    """Delete expired refresh tokens and return their number."""
    with platform_context():
        deleted, _ = RefreshToken.objects.filter(expires_at__lt=now).delete()
    user_sessions.clean_up(now=now)
    return int(deleted)


def _issue(user: User, tenant_id: UUID | None, session_id: UUID, user_agent: str, now: datetime) -> SignedIn:
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    RefreshToken.objects.create(
        user=user,
        tenant_id=tenant_id,
        session_id=session_id,
        token_hash=hash_secret(secret),
        user_agent=user_agent[:255],
        expires_at=now + settings.REFRESH_TOKEN_LIFETIME,
    )
    access_token = tokens.issue_access_token(user=user, tenant_id=tenant_id, session_id=session_id, now=now)
    return SignedIn(
        user=user,
        tenant_id=tenant_id,
        session_id=session_id,
        access_token=access_token,
        refresh_token=secret,
        expires_in=int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    )


def _tenant_if_member(row: RefreshToken) -> UUID | None:
    tenant_id: UUID | None = (
        Membership.objects.filter(user=row.user_id, tenant=row.tenant_id).values_list("tenant_id", flat=True).first()
    )
    return tenant_id


on_access_ended(revoke_in_tenant)
