"""Finds out who is asking: the person, the tenant they work in, and their rights there."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from tenants.access.models import UserCapability
from tenants.access.rights import effective_rights
from tenants.teams.models import Membership


def memberships_with_rights() -> QuerySet[Membership]:
    """Memberships with their user, their tenant and ``capabilities``, in one query."""
    capabilities = UserCapability.objects.filter(tenant=OuterRef("tenant"), user=OuterRef("user")).values(
        entry=JSONObject(right=F("capability_key"), enabled=F("enabled"))
    )
    memberships: QuerySet[Membership] = (
        Membership.objects.filter(user__deleted_at__isnull=True)
        .select_related("user", "tenant")
        .annotate(capabilities=ArraySubquery(capabilities))
    )
    return memberships


def rights_in(membership: Any) -> frozenset[str]:
    """The effective rights of a membership from ``memberships_with_rights``."""
    return effective_rights(membership.role, [(entry["right"], entry["enabled"]) for entry in membership.capabilities])
