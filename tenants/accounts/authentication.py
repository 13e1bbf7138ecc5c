"""Authenticate a request: find the user, the tenant they work in and their rights there."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError, NotAllowed, NotAuthenticated
from lad.tenancy.access import STRANGER, Access, needs_tenant
from lad.tenancy.context import platform_context
from tenants.access.errors import NoMembership
from tenants.access.rights import ALL_RIGHTS, effective_rights
from tenants.access.selectors import memberships_with_rights, rights_in
from tenants.accounts import tokens
from tenants.accounts.callers import Caller, find_caller
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.features.selectors import keep_settings
from tenants.teams.models import Membership, Tenant
from tenants.teams.status import closed_reason

TENANT_HEADER: Final = "X-Tenant-ID"


# The session key under which the admin's tenant switcher keeps its choice.
SESSION_TENANT_KEY: Final = "tenant_id"


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
class Credential:
    """The user a credential proves and, where it names them, the chosen tenant and the session.

    ``preferred_tenant_id`` is used only if the user is a member there.
    """

    user_id: UUID
    tenant_id: UUID | None = None
    session_id: UUID | None = None
    preferred_tenant_id: UUID | None = None


def resolve_access(request: HttpRequest) -> Access:
    """Return the access of a request, read in a short transaction.

    A bearer token, of LAD or of an external issuer, takes precedence over a session. If the
    credential is not accepted, ``error`` says why and ``user`` is None. If the user's tenant is
    closed, ``error`` says why and ``user`` is set.
    """
    try:
        token = _bearer(request)
        if token is not None:
            return _api_access(request, _credential(token))
        user = _session_user(request)
        if user is None:
            return STRANGER
        if request.path_info.startswith(_admin_path()):
            return _admin_access(user, uuid_or_none(request.session.get(SESSION_TENANT_KEY)))
        chosen = uuid_or_none(request.session.get(SESSION_TENANT_KEY))
        return _api_access(request, Credential(user.pk, preferred_tenant_id=chosen))
    except DomainError as error:
        return Access(error=error)


def _bearer(request: HttpRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _credential(token: str) -> Credential:
    claimed = tokens.claimed_issuer(token)
    issuer = issuers.by_issuer(claimed) if claimed != tokens.issuer() else None
    if issuer is None:
        claims = tokens.read_access_token(token)
        return Credential(claims.user_id, claims.tenant_id, claims.session_id)
    profile = issuers.verify(issuer, token)
    with platform_context():
        user_id = (
            UserIdentity.objects.filter(provider=profile.provider, provider_user_id=profile.subject)
            .values_list("user_id", flat=True)
            .first()
        )
    if user_id is None:
        raise issuers.ExternalTokenRefused(
            "This external account is not linked yet: send its token to /auth/external/."
        )
    return Credential(user_id)


def _session_user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    if user is None or isinstance(user, AnonymousUser) or not user.is_authenticated:
        return None
    return user if isinstance(user, User) else User(pk=user.pk)


def _api_access(request: HttpRequest, credential: Credential) -> Access:
    now = timezone.now()
    caller = find_caller(
        credential.user_id,
        chosen_tenant_id=_tenant_of_header(request) or credential.tenant_id,
        preferred_tenant_id=credential.preferred_tenant_id,
        session_id=credential.session_id,
        now=now,
    )
    if caller is None or not caller.user.is_active:
        raise AccountClosed
    if credential.session_id is not None and not caller.session_live:
        raise SessionEnded
    access = _caller_access(caller, now)
    access.details["session_id"] = credential.session_id
    return access if needs_tenant(request) else replace(access, detached=True)


def _caller_access(caller: Caller, now: datetime) -> Access:
    if caller.tenant is None:
        return Access(user=caller.user, error=NoMembership())
    closed = closed_reason(caller.tenant, now)
    access = Access(
        user=caller.user,
        tenant_id=caller.tenant.pk,
        role=caller.role,
        rights=frozenset() if closed else effective_rights(caller.role, caller.capabilities),
        error=closed,
        details={"tenant": caller.tenant},
    )
    keep_settings(access, caller.feature_settings)
    return access


def _membership_access(user: User, membership: Membership | None, now: datetime) -> Access:
    if membership is None:
        return Access(user=user, error=NoMembership())
    closed = closed_reason(membership.tenant, now)
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
    # Closed tenants come last, so that their members still reach their other tenants.
    preference = {tenant_id: 0, user.primary_tenant_id: 1}
    memberships.sort(key=lambda row: (closed_reason(row.tenant, now) is not None, preference.get(row.tenant_id, 2)))
    return _membership_access(user, memberships[0] if memberships else None, now)


def _tenant_of_header(request: HttpRequest) -> UUID | None:
    value = request.headers.get(TENANT_HEADER)
    if not value:
        return None
    tenant_id = uuid_or_none(value)
    if tenant_id is None:
        raise NoMembership(f"{TENANT_HEADER} is not the id of a tenant.")
    return tenant_id


@lru_cache(maxsize=1)
def _admin_path() -> str:
    return reverse("admin:index")
