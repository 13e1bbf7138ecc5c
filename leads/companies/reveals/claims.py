"""Claim due reveals, a batch of one tenant at a time, and hold their credits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from billing.entitlements.services.quotas import QuotaExceeded
from lad.errors import DomainError
from lad.tenancy.context import current_tenant_id, read_across_tenants, tenant_context
from leads.companies import charging
from leads.companies.apollo.client import MAX_AT_ONCE
from leads.companies.reveals.models import Reveal, RevealKind, RevealState
from leads.companies.reveals.services import COMPONENTS

# Longer than a call may take, with all its attempts.
LEASE: Final = timedelta(minutes=3)
# Longer than a number may take, and than somebody needs to decide about a lost answer.
HOLD_TTL: Final = timedelta(days=7)
ROUND_SIZE: Final = 50
NOT_PAID: Final = "The credit is not enough: {}"

# The tenants with due reveals, the one that has waited longest first. The recursion steps from tenant to tenant
# through the index.
DUE_TENANTS: Final = """
WITH RECURSIVE waiting(tenant_id) AS (
    (SELECT tenant_id FROM reveals WHERE state = 'queued' ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT following.tenant_id FROM reveals following
            WHERE following.state = 'queued' AND following.tenant_id > waiting.tenant_id
            ORDER BY following.tenant_id LIMIT 1)
    FROM waiting WHERE waiting.tenant_id IS NOT NULL
)
SELECT waiting.tenant_id FROM waiting
JOIN tenants ON tenants.id = waiting.tenant_id AND tenants.deleted_at IS NULL
    AND tenants.status NOT IN ('suspended', 'cancelled')
CROSS JOIN LATERAL (
    SELECT next_attempt_at FROM reveals
    WHERE reveals.tenant_id = waiting.tenant_id AND state = 'queued' AND next_attempt_at <= statement_timestamp()
    ORDER BY next_attempt_at LIMIT 1
) AS due
ORDER BY due.next_attempt_at LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed reveals of up to ten people of one tenant, with or without phone numbers for all of them."""

    tenant_id: UUID
    rows: tuple[Reveal, ...]
    # Those that could not be paid, and what waits for a quota.
    refused: int = 0

    @property
    def people(self) -> list[str]:
        return list(dict.fromkeys(row.person_id for row in self.rows))

    @property
    def phones(self) -> bool:
        return any(row.kind == RevealKind.PHONE for row in self.rows)


def due_tenants(*, limit: int = ROUND_SIZE) -> list[UUID]:
    """Return the tenants that have due reveals."""
    return [tenant_id for (tenant_id,) in read_across_tenants(DUE_TENANTS, [limit])]


def claim(tenant_id: UUID) -> Batch:
    """Claim a batch of the tenant and hold its credits. The claim is committed when this returns.

    What cannot be paid fails with the reason; what exceeds a quota waits until that resets.
    """
    with tenant_context(tenant_id):
        now = timezone.now()
        # Claims of a tenant wait for each other: no two of them part the address and the number of a person, for whom
        # the directory would charge twice.
        _take_turn(tenant_id)
        due = Reveal.objects.filter(tenant=tenant_id, state=RevealState.QUEUED, next_attempt_at__lte=Now())
        due = due.order_by("next_attempt_at", "person_id", "kind")
        people = list(due.values_list("person_id", flat=True)[: 2 * 2 * MAX_AT_ONCE])
        locked = due.filter(person_id__in=people).select_for_update(no_key=True, skip_locked=True, of=("self",))
        rows = _together(list(locked))
        allowed = _held(rows, now)
        keys = [row.pk for row in allowed]
        Reveal.objects.filter(pk__in=keys).update(
            state=RevealState.ASKING,
            attempts=F("attempts") + 1,
            lease_until=Now() + LEASE,
            error="",
            request_id="",
            sent_at=None,
        )
        for row in allowed:
            row.attempts += 1
        return Batch(tenant_id, tuple(allowed), len(rows) - len(allowed))


def mark_sent(batch: Batch) -> Batch:
    """Write down that the request goes out now, and return what is still the batch's own."""
    with tenant_context(batch.tenant_id):
        rows = [row for row in batch.rows if held_by(row).update(sent_at=Now(), lease_until=Now() + LEASE)]
    return Batch(batch.tenant_id, tuple(rows))


def held_by(row: Reveal) -> Any:
    """Return the row as a queryset, if the attempt that claimed it still holds it."""
    return Reveal.objects.filter(tenant=current_tenant_id(), pk=row.pk, attempts=row.attempts, state=RevealState.ASKING)


def answerable_by(row: Reveal) -> Any:
    """Return the row as a queryset, if the attempt that claimed it may say what became of it.

    That is also one whose lease ended before its answer came, as long as nobody has decided about it since.
    """
    open_states = (RevealState.ASKING, RevealState.WAITING, RevealState.UNKNOWN)
    return Reveal.objects.filter(tenant=current_tenant_id(), pk=row.pk, attempts=row.attempts, state__in=open_states)


def _take_turn(tenant_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"reveals:{tenant_id}"])


def _together(rows: Sequence[Reveal]) -> list[Reveal]:
    """Return the rows of the first people whose phone number is wanted, or is not, as is that of the first one."""
    with_phone = {row.person_id for row in rows if row.kind == RevealKind.PHONE}
    people = list(dict.fromkeys(row.person_id for row in rows))
    alike = [each for each in people if (each in with_phone) == (people[0] in with_phone)][:MAX_AT_ONCE]
    return [row for row in rows if row.person_id in alike]


def _held(rows: Sequence[Reveal], now: datetime) -> list[Reveal]:
    """Hold the credits of the rows and return those that may be asked for."""
    if not rows:
        return []
    uses = {str(row.pk): COMPONENTS[RevealKind(row.kind)] for row in rows}
    held = charging.hold(uses, ttl=HOLD_TTL, about={"reveal": "person"}, now=now)
    costs = charging.costs(list(uses))
    allowed = []
    for row in rows:
        error = held[str(row.pk)].error
        if error is None:
            row.credits = costs.get(str(row.pk), charging.ZERO)
            Reveal.objects.filter(pk=row.pk).update(credits=row.credits)
            allowed.append(row)
        else:
            Reveal.objects.filter(pk=row.pk).update(**_refused(error))
    return allowed


def _refused(error: DomainError) -> dict[str, Any]:
    if isinstance(error, QuotaExceeded):
        return {"error": error.detail, "next_attempt_at": error.extra["resets_at"]}
    return {
        "state": RevealState.FAILED,
        "error": NOT_PAID.format(error.detail),
        "next_attempt_at": None,
        "finished_at": Now(),
    }
