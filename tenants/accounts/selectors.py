"""Read what ``/me`` shows about the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lad.errors import DomainError
from lad.tenancy.access import Access
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.features.selectors import JsonObject, states_for
from tenants.teams.models import Membership, Tenant
from tenants.teams.status import TenantClosed, closed_reason


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """A membership as its user sees it. ``closed`` says why the tenant is closed, or is None.

    ``tenant_role`` is the key of the tenant's own role, or empty.
    """

    id: UUID
    tenant: Tenant
    role: str
    tenant_role: str
    is_primary: bool
    closed: TenantClosed | None


@dataclass(frozen=True, slots=True)
class NamedFeatureState:
    """The state of a feature, with its key."""

    key: str
    open: bool
    reason: str
    source: str
    config: JsonObject


@dataclass(frozen=True, slots=True)
class CallerProfile:
    """The caller, their current tenant and what they may do there."""

    user: User
    tenant: Tenant | None
    role: str
    tenant_role: str
    rights: Sequence[str]
    features: Sequence[NamedFeatureState]
    closed: DomainError | None
    memberships: Sequence[OwnMembership]


def me(access: Access, *, now: datetime) -> CallerProfile:
    """Return the caller's profile, read in a scope of its own."""
    tenant, own_role = access.details.get("tenant"), access.details.get("tenant_role")
    with platform_context(user_id=access.user.pk):
        is_open = tenant is not None and access.error is None
        return CallerProfile(
            user=access.user,
            tenant=tenant,
            role=access.role,
            tenant_role=own_role.key if own_role is not None else "",
            rights=sorted(access.rights),
            features=feature_states(access) if is_open else [],
            closed=access.error,
            memberships=memberships_of(access.user, now=now),
        )


def memberships_of(user: User, *, now: datetime) -> list[OwnMembership]:
    """Return the user's memberships in all tenants, ordered by tenant name. Needs a platform scope."""
    memberships = Membership.objects.filter(user=user.pk).order_by("tenant__name", "id")
    return [
        OwnMembership(
            id=row.pk,
            tenant=row.tenant,
            role=row.role,
            tenant_role=row.tenant_role.key if row.tenant_role is not None else "",
            is_primary=row.tenant_id == user.primary_tenant_id,
            closed=closed_reason(row.tenant, now),
        )
        for row in memberships.select_related("tenant", "tenant_role")
    ]


def feature_states(access: Access) -> list[NamedFeatureState]:
    """Return the state of every feature for the caller, ordered by key."""
    return [
        NamedFeatureState(key, state.open, state.reason, state.source, state.config)
        for key, state in sorted(states_for(access).items())
    ]
