"""The tenants a person may work in, for the switcher."""

from collections.abc import Sequence
from uuid import UUID

from lad.admin.switcher import Choice, choices_from
from lad.tenancy.access import Access
from lad.tenancy.context import platform_context
from tenants.teams.models import Membership, Tenant


def tenants_of(access: Access, *, search: str = "", limit: int = 12, only: UUID | None = None) -> Sequence[Choice]:
    """Every tenant for the platform's staff, those of their memberships for others."""
    with platform_context():
        return _all(search, limit, only) if access.platform else _own(access, search, limit, only)


def _all(search: str, limit: int, only: UUID | None) -> list[Choice]:
    rows = Tenant.objects.order_by("name")
    if only is not None:
        rows = rows.filter(pk=only)
    if search:
        rows = rows.filter(name__icontains=search)
    return [Choice(row.pk, row.name, row.get_status_display()) for row in rows[:limit]]


def _own(access: Access, search: str, limit: int, only: UUID | None) -> list[Choice]:
    rows = Membership.objects.filter(user=access.user.pk, tenant__deleted_at__isnull=True).select_related("tenant")
    if only is not None:
        rows = rows.filter(tenant=only)
    if search:
        rows = rows.filter(tenant__name__icontains=search)
    return [
        Choice(row.tenant_id, row.tenant.name, row.get_role_display()) for row in rows.order_by("tenant__name")[:limit]
    ]


choices_from(tenants_of)
