"""Authenticate a request: find the user, the tenant they work in and their rights there."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeGuard
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError, NotAllowed, NotAuthenticated
from lad.tenancy.access import STRANGER, Access, needs_tenant
from lad.tenancy.context import platform_context
from tenants.access.errors import NoMembership
from tenants.access.rights import ALL_RIGHTS, STAFF_RIGHTS, effective_rights
from tenants.accounts import tokens
from tenants.accounts.callers import (
    SESSION_ID,
    Caller,
    SessionState,
    StaffCaller,
    StaffMembership,
    find_caller,
    find_staff,
)
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.features.selectors import keep_settings
from tenants.teams.models import Tenant
from tenants.teams.status import TenantClosed, closed_reason
from tenants.two_factor.errors import SecondFactorNotSetUp, SecondFactorRequired

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
        staff = _read_with_session(request)
        user_id = staff.user.pk if staff is not None else _session_user_id(request)
        if user_id is None:
            return STRANGER
        chosen = uuid_or_none(request.session.get(SESSION_TENANT_KEY))
        in_admin = request.path_info.startswith(_admin_path())
        state: SessionState | None = getattr(request.session, "state", None)
        details = {
            "session_id": uuid_or_none(request.session.get(SESSION_ID)),
            "confirmed_at": state.confirmed_at if state is not None else None,
        }
        user = staff.user if staff is not None else request.user
        unfinished = _unfinished(state, user)
        if unfinished is not None:
            # Only the admin lets such a user go on, to the page that asks for their second factor.
            return Access(user=user if in_admin else None, error=unfinished, details=details)
        if in_admin:
            now = timezone.now()
            access = _admin_access(staff or find_staff(user_id, preferred_tenant_id=chosen, now=now), now)
        else:
            access = _api_access(request, Credential(user_id, preferred_tenant_id=chosen))
        access.details.update(details)
        return access
    except DomainError as error:
        return Access(error=error)


def access_in_tenant(user_id: UUID, tenant_id: UUID) -> Access:
    """Return what a user may do in a tenant now, for work that goes on after their request.

    ``error`` says why if they may do nothing there any more.
    """
    now = timezone.now()
    caller = find_caller(user_id, chosen_tenant_id=tenant_id, preferred_tenant_id=None, session_id=None, now=now)
    if caller is None or not caller.user.is_active:
        return Access(error=AccountClosed())
    if not (caller.user.is_superuser or caller.user.platform_role_id):
        return _caller_access(caller, now)
    staff = find_staff(user_id, preferred_tenant_id=tenant_id, now=now)
    return _platform_access(staff) if _is_on_platform(staff) else _caller_access(caller, now)


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


def _read_with_session(request: HttpRequest) -> StaffCaller | None:
    """Return the user who was read with the session, or None if Django has to decide whether to accept them."""
    session = getattr(request, "session", None)
    if session is None:
        return None
    user_id, backend, digest = (session.get(key) for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY))
    staff: StaffCaller | None = getattr(session, "caller", None)
    if staff is None or user_id != str(staff.user.pk) or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    if not constant_time_compare(digest or "", staff.user.get_session_auth_hash()):
        return None
    # Where request.user looks first.
    request._cached_user = staff.user  # type: ignore[attr-defined]
    return staff


def _unfinished(state: SessionState | None, user: Any) -> DomainError | None:
    """Return why a session may not go on yet: its user has to give, or to set up, a second factor."""
    if state is None or state.second_factor_at is not None:
        return None
    if state.has_second_factor:
        return SecondFactorRequired()
    if settings.REQUIRE_SECOND_FACTOR and user.is_superuser:
        return SecondFactorNotSetUp()
    return None


def _session_user_id(request: HttpRequest) -> UUID | None:
    user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


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
    access.details.update(session_id=credential.session_id, confirmed_at=caller.confirmed_at)
    return access if needs_tenant(request) else replace(access, detached=True)


def _caller_access(caller: Caller, now: datetime) -> Access:
    if caller.tenant is None:
        return Access(user=caller.user, error=NoMembership())
    closed = closed_reason(caller.tenant, now)
    access = _member_access(caller.user, caller.tenant, caller, closed)
    keep_settings(access, caller.feature_settings)
    return access


def _member_access(user: User, tenant: Tenant, member: Caller | StaffMembership, closed: TenantClosed | None) -> Access:
    own = member.tenant_role.rights if member.tenant_role is not None else None
    return Access(
        user=user,
        tenant_id=tenant.pk,
        role=member.role,
        rights=frozenset() if closed else effective_rights(member.role, member.capabilities, own),
        error=closed,
        details={"tenant": tenant, "tenant_role": member.tenant_role},
    )


def _admin_access(staff: StaffCaller | None, now: datetime) -> Access:
    if staff is None:
        return Access(error=AccountClosed())
    if _is_on_platform(staff):
        return _platform_access(staff)
    if not staff.user.is_staff:
        return Access(user=staff.user, error=NotStaff())
    # Members of a closed tenant still reach their other tenants.
    reasons = [closed_reason(membership.tenant, now) for membership in staff.memberships]
    first = reasons.index(None) if None in reasons else 0
    if not staff.memberships:
        return Access(user=staff.user, error=NoMembership())
    membership, closed = staff.memberships[first], reasons[first]
    access = _member_access(staff.user, membership.tenant, membership, closed)
    access = replace(access, zone=staff.user.timezone or membership.tenant.timezone)
    if first == 0:
        keep_settings(access, staff.feature_settings)
    return access


def _is_on_platform(staff: StaffCaller | None) -> TypeGuard[StaffCaller]:
    """Return whether the user is a superuser, or has a platform role and may use the admin."""
    if staff is None:
        return False
    return staff.user.is_superuser or (staff.user.is_staff and staff.platform_rights is not None)


def _platform_access(staff: StaffCaller) -> Access:
    limited = not staff.user.is_superuser
    return Access(
        user=staff.user,
        tenant_id=staff.chosen.pk if staff.chosen else None,
        rights=STAFF_RIGHTS.intersection(staff.platform_rights or ()) if limited else ALL_RIGHTS,
        platform=True,
        limited=limited,
        details={"tenant": staff.chosen},
        zone=staff.user.timezone or (staff.chosen.timezone if staff.chosen else ""),
    )


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
