"""Find a request's caller in one statement: of the API, and of the admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from lad.db.json_rows import row_from_json
from lad.tenancy.context import read_across_tenants
from tenants.accounts.models import User
from tenants.features.selectors import FeatureSetting
from tenants.teams.models import Tenant

# The key of a session's data under which the id of its UserSession is.
SESSION_ID: Final = "session_id"

FIND_CALLER: Final = "SELECT tenants_caller(%s, %s, %s, %s, %s)"
FIND_STAFF: Final = "SELECT tenants_staff_caller(%s, %s, %s)::text"
FIND_SESSION: Final = "SELECT tenants_session_caller(%s, %s)"


@dataclass(frozen=True, slots=True)
class OwnRole:
    """A role of the tenant's own, whose rights replace those of a member's default role."""

    key: str
    name: str
    rights: Sequence[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """A user with the tenant they work in. ``tenant`` is None if they are a member of none, or not of the chosen one.

    ``tenant_role`` replaces the rights of ``role`` if there is one. ``capabilities`` are single rights given (True)
    or taken (False). ``session_live`` says whether the given session was neither signed out nor revoked, and
    ``confirmed_at`` when its user last proved to be there.
    """

    user: User
    tenant: Tenant | None
    role: str
    tenant_role: OwnRole | None
    capabilities: Sequence[tuple[str, bool]]
    session_live: bool
    confirmed_at: datetime | None
    feature_settings: Sequence[FeatureSetting]


@dataclass(frozen=True, slots=True)
class StaffMembership:
    """A user's role and single rights in one tenant."""

    role: str
    tenant: Tenant
    capabilities: Sequence[tuple[str, bool]]
    tenant_role: OwnRole | None


@dataclass(frozen=True, slots=True)
class StaffCaller:
    """An active user and where they may work in the admin. ``chosen`` is the tenant that platform staff chose.

    ``platform_rights`` are those of a platform role, None for a user without one.
    ``memberships`` are those of tenants' staff: the preferred one first, then the primary, then the oldest.
    ``feature_settings`` are those of the first one.
    """

    user: User
    chosen: Tenant | None
    platform_rights: Sequence[str] | None
    memberships: Sequence[StaffMembership]
    feature_settings: Sequence[FeatureSetting]


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a signed-in session has shown of its user, and whether they have a second factor."""

    last_used_at: datetime
    second_factor_at: datetime | None
    confirmed_at: datetime | None
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session of a browser: its signed data and, if it names a signed-in user, their session and themselves.

    ``state`` and ``caller`` are None if nobody is signed in, or the user's session was ended.
    """

    data: str
    state: SessionState | None
    caller: StaffCaller | None


def find_caller(
    user_id: UUID,
    *,
    chosen_tenant_id: UUID | None,
    preferred_tenant_id: UUID | None,
    session_id: UUID | None,
    now: datetime,
) -> Caller | None:
    """Return the user as a member of the chosen tenant, or None if there is no such user.

    Without a chosen tenant it is the first membership of: preferred, primary, oldest.
    """
    [(text,)] = read_across_tenants(FIND_CALLER, [user_id, chosen_tenant_id, preferred_tenant_id, session_id, now])
    if text is None:
        return None
    found = orjson.loads(text)
    return Caller(
        user=row_from_json(User, found["user"]),
        tenant=row_from_json(Tenant, found["tenant"]) if found["tenant"] else None,
        role=found["role"] or "",
        tenant_role=_own_role(found["tenant_role"]),
        capabilities=[(right, enabled) for right, enabled in found["capabilities"]],
        session_live=found["session_live"],
        confirmed_at=_moment(found["confirmed_at"]),
        feature_settings=[FeatureSetting(*setting) for setting in found["feature_settings"]],
    )


def find_staff(user_id: UUID, *, preferred_tenant_id: UUID | None, now: datetime) -> StaffCaller | None:
    """Return the active user with this id, or None."""
    [(text,)] = read_across_tenants(FIND_STAFF, [user_id, preferred_tenant_id, now])
    return _staff(orjson.loads(text)) if text is not None else None


def find_session(key: str, *, now: datetime) -> StoredSession | None:
    """Return the unexpired session that is stored under the key, or None.

    The signature of the data is not checked: do that before you believe who the user is.
    """
    [(text,)] = read_across_tenants(FIND_SESSION, [key, now])
    if text is None:
        return None
    found = orjson.loads(text)
    return StoredSession(
        data=found["data"],
        state=_state(found["session"]) if found.get("session") else None,
        caller=_staff(found["caller"]) if found.get("caller") else None,
    )


def _state(found: dict[str, Any]) -> SessionState:
    return SessionState(
        last_used_at=datetime.fromisoformat(found["last_used_at"]),
        second_factor_at=_moment(found["second_factor_at"]),
        confirmed_at=_moment(found["confirmed_at"]),
        has_second_factor=found["has_second_factor"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _staff(found: dict[str, Any]) -> StaffCaller:
    return StaffCaller(
        user=row_from_json(User, found["user"]),
        chosen=row_from_json(Tenant, found["chosen"]) if found["chosen"] else None,
        platform_rights=found["platform_rights"],
        memberships=[
            StaffMembership(
                role,
                row_from_json(Tenant, tenant),
                [(right, enabled) for right, enabled in capabilities],
                _own_role(tenant_role),
            )
            for role, tenant, capabilities, tenant_role in found["places"]
        ],
        feature_settings=[FeatureSetting(*setting) for setting in found["feature_settings"]],
    )


def _own_role(found: dict[str, Any] | None) -> OwnRole | None:
    return OwnRole(**found) if found else None
