"""Finds out who is asking: the person, the tenant they work in, and their rights there."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Exists, OuterRef, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError, NotAllowed, NotAuthenticated
from lad.tenancy.access import STRANGER, Access
from lad.tenancy.context import platform_context
from tenants.access.errors import NoMembership
from tenants.access.rights import ALL_RIGHTS
from tenants.access.selectors import memberships_with_rights, rights_in
from tenants.accounts import tokens
from tenants.accounts.models import RefreshToken, User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.teams.models import Tenant
from tenants.teams.status import closure

TENANT_HEADER: Final = "X-Tenant-ID"


# Where the admin's tenant switcher keeps its choice.
SESSION_TENANT: Final = "tenant_id"


# About the person rather than a tenant: reached without a membership too, each service in a scope of its own.
DETACHED_PATHS: Final = ("/api/v1/auth/", "/api/v1/me/", "/api/v1/invitations/")


class SessionEnded(NotAuthenticated):
    """This session was signed out or revoked: sign in again."""

    code = "session_ended"


class AccountClosed(NotAuthenticated):
    """This account does not exist or was deactivated."""

    code = "account_closed"


class NotStaff(NotAllowed):
    """This account may not use the admin."""

    code = "not_staff"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a credential proves: a user and, where it names them, the tenant chosen and the session it belongs to.

    ``usual_tenant`` is only a preference: without a membership there another tenant will do.
    """

    user_id: UUID
    tenant_id: UUID | None = None
    session_id: UUID | None = None
    usual_tenant: UUID | None = None


def resolve(request: HttpRequest) -> Access:
    """The access of a request, found in one short transaction of its own.

    A bearer token, LAD's own or an outside issuer's, wins over a session. What was wrong with a
    credential is the access's ``error``: a closed tenant leaves the user on it, a refused
    credential does not.
    """
    try:
        token = _bearer(request)
        if token is not None:
            return _api_access(request, _caller(token))
        user = _session_user(request)
        if user is None:
            return STRANGER
        if request.path_info.startswith(_admin_path()):
            return _admin_access(user, uuid_or_none(request.session.get(SESSION_TENANT)))
        return _api_access(request, Caller(user.pk, usual_tenant=uuid_or_none(request.session.get(SESSION_TENANT))))
    except DomainError as error:
        return Access(error=error)


def _bearer(request: HttpRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _caller(token: str) -> Caller:
    claimed = tokens.claimed_issuer(token)
    issuer = issuers.by_issuer(claimed) if claimed != tokens.issuer() else None
    if issuer is None:
        claims = tokens.read_access_token(token)
        return Caller(claims.user_id, claims.tenant_id, claims.session_id)
    profile = issuers.verify(issuer, token)
    with platform_context():
        user_id = (
            UserIdentity.objects.filter(provider=profile.provider, provider_user_id=profile.subject)
            .values_list("user_id", flat=True)
            .first()
        )
    if user_id is None:
        raise issuers.ExternalTokenRefused("This outside account is not linked yet: send its token to /auth/external/.")
    return Caller(user_id)


def _session_user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    if user is None or isinstance(user, AnonymousUser) or not user.is_authenticated:
        return None
    return user if isinstance(user, User) else User(pk=user.pk)


def _api_access(request: HttpRequest, caller: Caller) -> Access:
    wanted = _wanted_tenant(request) or caller.tenant_id
    now = timezone.now()
    with platform_context():
        membership = _membership(caller, wanted, now)
        user = membership.user if membership is not None else User.objects.filter(pk=caller.user_id).first()
        if user is None or not user.is_active:
            raise AccountClosed
        if caller.session_id is not None:
            live = _live(caller.session_id, now)
            if not (membership.session_live if membership is not None else live.exists()):
                raise SessionEnded
    access = _of_membership(user, membership, now)
    path = request.path_info if request.path_info.endswith("/") else f"{request.path_info}/"
    detached = path.startswith(DETACHED_PATHS)
    access.details["session_id"] = caller.session_id
    return replace(access, detached=detached) if detached else access


def _membership(caller: Caller, wanted: UUID | None, now: datetime) -> Any:
    """The membership in the wanted tenant; with none wanted, in the usual or primary one or else the first."""
    memberships = memberships_with_rights().filter(user=caller.user_id)
    if caller.session_id is not None:
        memberships = memberships.annotate(session_live=Exists(_live(caller.session_id, now)))
    if wanted is not None:
        return memberships.filter(tenant=wanted).first()
    primary = User.objects.filter(pk=OuterRef("user"), primary_tenant=OuterRef("tenant"))
    usual = Case(When(tenant=caller.usual_tenant, then=0), When(Exists(primary), then=1), default=2)
    return memberships.order_by(usual, "created_at", "id").first()


def _of_membership(user: User, membership: Any, now: datetime) -> Access:
    if membership is None:
        return Access(user=user, error=NoMembership())
    closed = closure(membership.tenant, now)
    return Access(
        user=user,
        tenant_id=membership.tenant_id,
        role=membership.role,
        rights=frozenset() if closed else rights_in(membership),
        error=closed,
        details={"tenant": membership.tenant},
    )


def _admin_access(user: User, tenant_id: UUID | None) -> Access:
    if not user.is_active:
        return Access(error=AccountClosed())
    if user.is_superuser:
        with platform_context():
            tenant = Tenant.all_objects.filter(pk=tenant_id).first() if tenant_id else None
        return Access(
            user=user,
            tenant_id=tenant.pk if tenant else None,
            rights=ALL_RIGHTS,
            platform=True,
            details={"tenant": tenant},
        )
    if not user.is_staff:
        return Access(user=user, error=NotStaff())
    now = timezone.now()
    with platform_context():
        memberships = list(memberships_with_rights().filter(user=user.pk).order_by("created_at", "id"))
    # A closed tenant must not keep its people from the others they belong to.
    preference = {tenant_id: 0, user.primary_tenant_id: 1}
    memberships.sort(key=lambda row: (closure(row.tenant, now) is not None, preference.get(row.tenant_id, 2)))
    return _of_membership(user, memberships[0] if memberships else None, now)


def _live(session_id: UUID, now: datetime) -> QuerySet[RefreshToken]:
    """The tokens that keep a session alive; none once it was signed out or revoked."""
    kept: QuerySet[RefreshToken] = RefreshToken.objects.filter(
        session_id=session_id, revoked_at__isnull=True, expires_at__gt=now
    )
    return kept


def _wanted_tenant(request: HttpRequest) -> UUID | None:
    given = request.headers.get(TENANT_HEADER)
    if not given:
        return None
    wanted = uuid_or_none(given)
    if wanted is None:
        raise NoMembership(f"{TENANT_HEADER} is not the id of a tenant.")
    return wanted


@lru_cache(maxsize=1)
def _admin_path() -> str:
    return reverse("admin:index")
