"""Whether a tenant may be worked in, and what shuts it out."""

from datetime import datetime
from typing import Final

from lad.errors import DomainError
from tenants.teams.models import Tenant, TenantStatus

TRIAL_ENDED: Final = "trial_ended"


class TenantClosed(DomainError):
    """This tenant is closed at the moment; another of your tenants can still be chosen."""

    code = "tenant_closed"
    status = 403
    title = "Tenant closed"


class TenantSuspended(TenantClosed):
    """This tenant is suspended: ask its owner or LAD's support to have it opened again."""

    code = "tenant_suspended"


class TenantCancelled(TenantClosed):
    """This tenant was cancelled: ask LAD's support if it should be opened again."""

    code = "tenant_cancelled"


class TrialEnded(TenantClosed):
    """The trial of this tenant has ended: choose a plan to go on."""

    code = TRIAL_ENDED


def closure(tenant: Tenant, now: datetime) -> TenantClosed | None:
    """What shuts people out of the tenant at that moment, or None when it is open."""
    if tenant.deleted_at is not None or tenant.status == TenantStatus.CANCELLED:
        return TenantCancelled()
    if tenant.status == TenantStatus.SUSPENDED:
        return TrialEnded() if tenant.metadata.get("closed_because") == TRIAL_ENDED else TenantSuspended()
    if tenant.status == TenantStatus.TRIAL and tenant.trial_ends_at is not None and tenant.trial_ends_at <= now:
        return TrialEnded()
    return None
