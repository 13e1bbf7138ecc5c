"""Read memberships with their rights."""

from typing import TypedDict

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from tenants.access.models import UserCapability
from tenants.access.rights import effective_rights, role_rights
from tenants.teams.models import Membership


class CapabilityEntry(TypedDict):
    """A right given to (``enabled``) or taken from a member, perhaps for a time only."""

    right: str
    enabled: bool
    expires_at: str | None


def memberships_with_rights() -> QuerySet[Membership]:
    """Return memberships with their user, tenant, own role and ``capabilities``, for one query."""
    in_force = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    capabilities = UserCapability.objects.filter(in_force, tenant=OuterRef("tenant"), user=OuterRef("user")).values(
        entry=JSONObject(right=F("capability_key"), enabled=F("enabled"), expires_at=F("expires_at"))
    )
    memberships: QuerySet[Membership] = (
        Membership.objects.filter(user__deleted_at__isnull=True)
        .select_related("user", "tenant", "tenant_role")
        .annotate(capabilities=ArraySubquery(capabilities))
    )
    return memberships


def held_rights(membership: Membership) -> frozenset[str]:
    """Return the effective rights of a membership from ``memberships_with_rights``."""
    return _rights(membership, [(entry["right"], entry["enabled"]) for entry in _capabilities(membership)])


def grantable_rights(membership: Membership) -> frozenset[str]:
    """Return the rights that the member may give to others: not those held for a time, which would outlast it."""
    entries = _capabilities(membership)
    lasting = [(each["right"], each["enabled"]) for each in entries if not (each["enabled"] and each["expires_at"])]
    return _rights(membership, lasting)


def rights_by_role(membership: Membership) -> frozenset[str]:
    """Return the rights of a membership's role alone. Those of a deleted role are none."""
    return role_rights(membership.role, _own_rights(membership))


def _rights(membership: Membership, capabilities: list[tuple[str, bool]]) -> frozenset[str]:
    return effective_rights(membership.role, capabilities, _own_rights(membership))


def _own_rights(membership: Membership) -> list[str] | None:
    if membership.tenant_role is None:
        return None
    return [] if membership.tenant_role.deleted_at else membership.tenant_role.rights


def _capabilities(membership: Membership) -> list[CapabilityEntry]:
    found: list[CapabilityEntry] = getattr(membership, "capabilities")  # noqa: B009  (an annotation)
    return found
