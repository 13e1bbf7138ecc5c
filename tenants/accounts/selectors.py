"""Reads of the tenants domain that are more than a filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lad.tenancy.access import Access
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.features import selectors as features
from tenants.teams.models import Membership, Tenant
from tenants.teams.status import TenantClosed, closure


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """One of a person's memberships, as they see it; ``closed`` is what shuts them out of it."""

    id: UUID
    tenant: Tenant
    role: str
    is_primary: bool
    closed: TenantClosed | None


@dataclass(frozen=True, slots=True)
class NamedDecision:
    """The decision on one feature, with its key."""

    key: str
    open: bool
    reason: str
    source: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Me:
    """A person, the tenant they are working in and what they may do there."""

    user: User
    tenant: Tenant | None
    role: str
    rights: Sequence[str]
    features: Sequence[NamedDecision]
    closed: Any
    memberships: Sequence[OwnMembership]


def me(access: Access, *, now: datetime) -> Me:
    """Everything about the caller of a request. Runs in a scope of its own."""
    tenant = access.details.get("tenant")
    with platform_context(user_id=access.user.pk):
        is_open = tenant is not None and access.error is None
        return Me(
            user=access.user,
            tenant=tenant,
            role=access.role,
            rights=sorted(access.rights),
            features=decisions(access) if is_open else [],
            closed=access.error,
            memberships=memberships_of(access.user, now=now),
        )


def memberships_of(user: User, *, now: datetime) -> list[OwnMembership]:
    """The memberships of a person in all tenants, by the tenants' names. Needs a platform scope."""
    memberships = Membership.objects.filter(user=user.pk).select_related("tenant").order_by("tenant__name", "id")
    return [
        OwnMembership(row.pk, row.tenant, row.role, row.tenant_id == user.primary_tenant_id, closure(row.tenant, now))
        for row in memberships
    ]


def decisions(access: Access) -> list[NamedDecision]:
    """The decisions on all features for the caller, by key."""
    return [
        NamedDecision(key, decision.open, decision.reason, decision.source, decision.config)
        for key, decision in sorted(features.of_access(access).items())
    ]
