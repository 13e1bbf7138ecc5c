"""Read memberships with their effective rights."""

from typing import TypedDict

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from tenants.access.models import UserCapability
from tenants.access.rights import effective_rights
from tenants.teams.models import Membership


class CapabilityEntry(TypedDict):
    """A right given to (``enabled``) or taken from a member."""

    right: str
    enabled: bool


def memberships_with_rights() -> QuerySet[Membership]:
    """Return memberships with their user, tenant and ``capabilities``, for one query."""
    capabilities = UserCapability.objects.filter(tenant=OuterRef("tenant"), user=OuterRef("user")).values(
        entry=JSONObject(right=F("capability_key"), enabled=F("enabled"))
    )
    memberships: QuerySet[Membership] = (
        Membership.objects.filter(user__deleted_at__isnull=True)
        .select_related("user", "tenant")
        .annotate(capabilities=ArraySubquery(capabilities))
    )
    return memberships


def rights_in(membership: Membership) -> frozenset[str]:
    """Return the effective rights of a membership from ``memberships_with_rights``."""
    capabilities: list[CapabilityEntry] = getattr(membership, "capabilities")  # noqa: B009  (an annotation)
    return effective_rights(membership.role, [(entry["right"], entry["enabled"]) for entry in capabilities])
