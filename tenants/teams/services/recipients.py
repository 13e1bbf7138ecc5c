"""Who gets a mail about something of a tenant that needs somebody."""

from typing import Final
from uuid import UUID

from tenants.access.roles import Role
from tenants.teams.models import Membership

MANAGERS: Final = (Role.OWNER, Role.ADMIN)


def addresses_of(*, tenant_id: UUID, user_id: UUID | None) -> list[str]:
    """Return the addresses of the member whose it is, if any, and of those who manage the tenant, each once.

    Needs a platform scope.
    """
    members = Membership.objects.filter(tenant=tenant_id, user__is_active=True).order_by("created_at")
    own = members.filter(user=user_id).values_list("user__email", flat=True) if user_id else []
    managers = members.filter(role__in=MANAGERS).values_list("user__email", flat=True)
    return list(dict.fromkeys([*own, *managers]))
