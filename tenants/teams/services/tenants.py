"""Suspend, reactivate and cancel tenants, and end their trials."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.tenancy.countries import register_country_of
from lad.types import Actor, Values
from tenants.access.authority import authority_of, is_platform
from tenants.accounts.models import RefreshToken
from tenants.teams.models import Tenant, TenantStatus
from tenants.teams.status import TRIAL_ENDED

# Fields that the tenant's own members may change.
OWN_FIELDS: Final = frozenset({"name", "email", "phone", "website", "timezone", "country", "metadata"})
# The key in ``metadata`` under which LAD keeps the reason.
CLOSED_REASON_KEY: Final = "closed_because"
MAX_TRIALS_PER_RUN: Final = 500


class WrongStatus(Conflict):
    """The tenant's status does not allow this."""

    code = "wrong_status"


class PlatformOnly(NotAllowed):
    """Only LAD's own staff can do this."""

    code = "platform_only"


@transaction.atomic
def suspend(*, tenant: Tenant, reason: str, actor: Actor = None) -> Tenant:
    """Close a tenant to its members until it is reactivated. Its data is kept.

    Emits ``tenants.tenant.suspended``. Idempotent. Raises WrongStatus for a cancelled tenant.
    """
    row = _locked(tenant, actor)
    if row.status == TenantStatus.CANCELLED:
        raise WrongStatus("A cancelled tenant cannot be suspended.")
    return _change_status(row, TenantStatus.SUSPENDED, "suspended", reason, actor)


@transaction.atomic
def reactivate(*, tenant: Tenant, reason: str = "", actor: Actor = None) -> Tenant:
    """Make a suspended, cancelled or trial tenant active. Idempotent.

    Emits ``tenants.tenant.reactivated``.
    """
    return _change_status(_locked(tenant, actor), TenantStatus.ACTIVE, "reactivated", reason, actor)


@transaction.atomic
def cancel(*, tenant: Tenant, reason: str, actor: Actor = None) -> Tenant:
    """End a tenant's contract and close it to its members. Its data is kept until it is deleted.

    Emits ``tenants.tenant.cancelled``. Idempotent.
    """
    return _change_status(_locked(tenant, actor), TenantStatus.CANCELLED, "cancelled", reason, actor)


def end_trials(*, now: datetime, limit: int = MAX_TRIALS_PER_RUN) -> int:
    """Suspend tenants whose trial is over and return their number. Safe to run concurrently.

    Access ended with the trial; this updates the status and emits ``tenants.tenant.trial_ended``.
    """
    with platform_context():
        due = Tenant.objects.select_for_update(skip_locked=True).filter(
            status=TenantStatus.TRIAL, trial_ends_at__lte=now
        )
        tenants = list(due.order_by("trial_ends_at")[:limit])
        for tenant in tenants:
            _change_status(tenant, TenantStatus.SUSPENDED, TRIAL_ENDED, TRIAL_ENDED, None)
        return len(tenants)


class TenantWriter(writes.Writer[Tenant]):
    """Writes tenants. Their members may change ``OWN_FIELDS`` only; the rest is for LAD's staff."""

    def prepare(self, row: Tenant | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            if not is_platform(actor):
                raise PlatformOnly
        elif not authority_of(actor, row.pk).platform:
            others = set(values) - OWN_FIELDS
            writes.fixed_fields(row, values, others, "Only LAD's own staff can change this.")
            if "name" in writes.differing(row, {"name": values.get("name", row.name)}):
                return {**values, "self_named": True}
        elif values.get("name", row.name) != row.name:
            return {**values, "self_named": False}
        return values

    def announced(self, change: writes.Change[Tenant]) -> list[str]:
        return [name for name in change.changed if name != "self_named"]

    def after_delete(self, row: Tenant, *, actor: Actor) -> None:
        with platform_context(tenant_id=row.pk):
            RefreshToken.objects.filter(tenant=row.pk, revoked_at=None).update(revoked_at=timezone.now())


def country_of(tenant_id: UUID) -> str:
    """Return the tenant's country, or an empty string if it is not known."""
    return Tenant.objects.filter(pk=tenant_id).values_list("country", flat=True).first() or ""


def _locked(tenant: Tenant, actor: Actor) -> Tenant:
    if not authority_of(actor, tenant.pk).platform:
        raise PlatformOnly
    row: Tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    return row


def _change_status(row: Tenant, status: TenantStatus, verb: str, reason: str, actor: Actor) -> Tenant:
    if row.status == status and row.metadata.get(CLOSED_REASON_KEY) != TRIAL_ENDED:
        return row
    before, row.status = row.status, status
    row.metadata = {name: value for name, value in row.metadata.items() if name != CLOSED_REASON_KEY}
    if status != TenantStatus.ACTIVE and reason:
        row.metadata[CLOSED_REASON_KEY] = reason
    row.save(update_fields=["status", "metadata"])
    row.refresh_from_db(fields=["updated_at"])
    emit(f"tenants.tenant.{verb}", aggregate=row, payload={"before": before, "reason": reason}, actor=actor)
    return row


writes.register(Tenant, TenantWriter)
register_country_of(country_of)
