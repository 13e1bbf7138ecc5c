"""The life of a tenant: on trial, active, suspended, cancelled, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.access.authority import authority_of
from tenants.accounts.models import RefreshToken
from tenants.teams.models import Tenant, TenantStatus
from tenants.teams.status import TRIAL_ENDED

# What a tenant's own people may say about it; the rest is between them and the platform.
OWN_FIELDS: Final = frozenset({"name", "email", "phone", "website", "timezone", "metadata"})
# Marks in ``metadata`` that the platform keeps there.
CLOSED_BECAUSE: Final = "closed_because"
TRIALS_PER_RUN: Final = 500


class WrongStatus(Conflict):
    """The tenant's status does not allow this."""

    code = "wrong_status"


class PlatformOnly(NotAllowed):
    """Only LAD's own staff can do this."""

    code = "platform_only"


@transaction.atomic
def suspend(*, tenant: Tenant, reason: str, actor: Any = None) -> Tenant:
    """Shut a tenant's people out until it is reactivated; nothing of theirs is lost.

    Emits ``tenants.tenant.suspended``. Idempotent. Raises WrongStatus for a cancelled tenant.
    """
    row = _locked(tenant, actor)
    if row.status == TenantStatus.CANCELLED:
        raise WrongStatus("A cancelled tenant cannot be suspended.")
    return _move(row, TenantStatus.SUSPENDED, "suspended", reason, actor)


@transaction.atomic
def reactivate(*, tenant: Tenant, reason: str = "", actor: Any = None) -> Tenant:
    """Open a suspended, cancelled or trial tenant as an active one. Idempotent.

    Emits ``tenants.tenant.reactivated``.
    """
    return _move(_locked(tenant, actor), TenantStatus.ACTIVE, "reactivated", reason, actor)


@transaction.atomic
def cancel(*, tenant: Tenant, reason: str, actor: Any = None) -> Tenant:
    """End a tenant's contract: shut out, its data kept until it is deleted.

    Emits ``tenants.tenant.cancelled``. Idempotent.
    """
    return _move(_locked(tenant, actor), TenantStatus.CANCELLED, "cancelled", reason, actor)


def end_trials(*, now: datetime, limit: int = TRIALS_PER_RUN) -> int:
    """Suspend the tenants whose trial is over; returns how many.

    They are shut out from the minute the trial ends; this makes it visible and emits
    ``tenants.tenant.trial_ended``. Safe to run by many at once.
    """
    with platform_context():
        due = Tenant.objects.select_for_update(skip_locked=True).filter(
            status=TenantStatus.TRIAL, trial_ends_at__lte=now
        )
        tenants = list(due.order_by("trial_ends_at")[:limit])
        for tenant in tenants:
            _move(tenant, TenantStatus.SUSPENDED, TRIAL_ENDED, TRIAL_ENDED, None)
        return len(tenants)


class TenantWriter(writes.Writer):
    """A tenant's people change how it is reached and named; its plan and status are the platform's."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Tenant:
        if actor is not None and not actor.is_superuser:
            raise PlatformOnly
        row: Tenant = super().create(values, actor=actor)
        return row

    def update(self, row: Tenant, values: Mapping[str, Any], *, actor: Any = None) -> Tenant:
        if not authority_of(actor, row.pk).platform:
            closed = sorted(
                name for name, value in values.items() if name not in OWN_FIELDS and getattr(row, name) != value
            )
            if closed:
                raise Invalid(errors={name: ["Only LAD's own staff can change this."] for name in closed})
        updated: Tenant = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Tenant, *, actor: Any = None) -> None:
        super().delete(row, actor=actor)
        with platform_context(tenant_id=row.pk):
            RefreshToken.objects.filter(tenant=row.pk, revoked_at=None).update(revoked_at=timezone.now())


def _locked(tenant: Tenant, actor: Any) -> Tenant:
    if not authority_of(actor, tenant.pk).platform:
        raise PlatformOnly
    row: Tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    return row


def _move(row: Tenant, status: TenantStatus, verb: str, reason: str, actor: Any) -> Tenant:
    if row.status == status and row.metadata.get(CLOSED_BECAUSE) != TRIAL_ENDED:
        return row
    before, row.status = row.status, status
    row.metadata = {name: value for name, value in row.metadata.items() if name != CLOSED_BECAUSE}
    if status != TenantStatus.ACTIVE and reason:
        row.metadata[CLOSED_BECAUSE] = reason
    row.save(update_fields=["status", "metadata"])
    row.refresh_from_db(fields=["updated_at"])
    emit(f"tenants.tenant.{verb}", aggregate=row, payload={"before": before, "reason": reason}, actor=actor)
    return row


writes.register(Tenant, TenantWriter)
