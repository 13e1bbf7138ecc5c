"""Decide whether a tenant is open to its members, and why not."""

from datetime import datetime
from typing import Final

from lad.errors import DomainError
from tenants.teams.models import Tenant, TenantStatus

TRIAL_ENDED: Final = "trial_ended"


class TenantClosed(DomainError):
    """This tenant is closed at the moment; you can still switch to another of your tenants."""

    code = "tenant_closed"
    status = 403
    title = "Tenant closed"


class TenantSuspended(TenantClosed):
    """This tenant is suspended: ask its owner or LAD's support to reactivate it."""

    code = "tenant_suspended"


class TenantCancelled(TenantClosed):
    """This tenant was cancelled: ask LAD's support to reopen it."""

    code = "tenant_cancelled"


class TrialEnded(TenantClosed):
    """The trial of this tenant has ended: choose a plan to continue."""

    code = TRIAL_ENDED


def closed_reason(tenant: Tenant, now: datetime) -> TenantClosed | None:
    """Return why the tenant is closed to its members at that time, or None if it is open."""
    if tenant.deleted_at is not None or tenant.status == TenantStatus.CANCELLED:
        return TenantCancelled()
    if tenant.status == TenantStatus.SUSPENDED:
        return TrialEnded() if tenant.metadata.get("closed_because") == TRIAL_ENDED else TenantSuspended()
    if tenant.status == TenantStatus.TRIAL and tenant.trial_ends_at is not None and tenant.trial_ends_at <= now:
        return TrialEnded()
    return None
