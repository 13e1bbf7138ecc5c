"""Count what tenants use of a connection, and refuse what is above its limits.

A call reserves the most that it may take before it begins, in one statement that holds the row's lock: two calls at
once cannot both take the last tokens. Afterwards the reservation becomes what was used. A process that dies in between
leaves its reservation behind until the day, or the month, is over.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.llm.errors import Refused
from lad.llm.messages import Usage
from lad.llm.models import CallOutcome, ModelAllowance, ModelConnection, ModelUsage
from lad.tenancy.context import tenant_context

MAX_SECONDS_STORED: Final = 999_999.0
# Each part starts again where its window is not the current one. The commit does not wait for the disk: calls of one
# tenant queue for the row's lock, and of a reservation that a crash of the database loses only the limit learns.
_RESERVE: Final = """
INSERT INTO {table} AS kept (
    id, tenant_id, connection_id, minute, minute_requests, day, day_tokens, month, month_tokens
)
VALUES (%(id)s, %(tenant)s, %(connection)s, %(minute)s, 1, %(day)s, %(tokens)s, %(month)s, %(tokens)s)
ON CONFLICT (tenant_id, connection_id) DO UPDATE SET
    minute_requests = CASE WHEN kept.minute = excluded.minute THEN kept.minute_requests ELSE 0 END + 1,
    day_tokens = CASE WHEN kept.day = excluded.day THEN kept.day_tokens ELSE 0 END + excluded.day_tokens,
    month_tokens = CASE WHEN kept.month = excluded.month THEN kept.month_tokens ELSE 0 END + excluded.month_tokens,
    minute = excluded.minute, day = excluded.day, month = excluded.month
RETURNING minute_requests, day_tokens, month_tokens, set_config('synchronous_commit', 'off', true)
"""
_SETTLE: Final = """
UPDATE {table} SET
    day_tokens = CASE WHEN day = %(day)s THEN greatest(day_tokens + %(difference)s, 0) ELSE day_tokens END,
    month_tokens = CASE WHEN month = %(month)s THEN greatest(month_tokens + %(difference)s, 0) ELSE month_tokens END
WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens that a call may take."""

    tenant_id: UUID
    connection: ModelConnection
    tokens: int
    day: date


def reserve(*, tenant_id: UUID, connection: ModelConnection, tokens: int, now: datetime | None = None) -> Reservation:
    """Count a call that may take so many tokens, in the tenant's scope. Raises Refused if that is above a limit.

    The caller leaves the scope with the error, so that nothing is counted then.
    """
    now = (now or timezone.now()).astimezone(UTC)
    minute = now.replace(second=0, microsecond=0)
    with database.cursor() as cursor:
        cursor.execute(
            _RESERVE.format(table=ModelAllowance._meta.db_table),
            {
                "id": uuid7(),
                "tenant": tenant_id,
                "connection": connection.pk,
                "minute": minute,
                "day": now.date(),
                "month": now.date().replace(day=1),
                "tokens": tokens,
            },
        )
        requests, day_tokens, month_tokens, _setting = cursor.fetchone()
    _check(connection, requests, day_tokens, month_tokens, minute)
    return Reservation(tenant_id, connection, tokens, now.date())


def settle(reservation: Reservation, usage: Usage, *, purpose: str, prompt: str, outcome: CallOutcome) -> None:
    """Replace what was reserved by what was used, and record the call unless the endpoint was not even asked."""
    connection, tenant_id = reservation.connection, reservation.tenant_id
    with tenant_context(tenant_id), database.cursor() as cursor:
        cursor.execute(
            _SETTLE.format(table=ModelAllowance._meta.db_table),
            {
                "tenant": tenant_id,
                "connection": connection.pk,
                "day": reservation.day,
                "month": reservation.day.replace(day=1),
                "difference": usage.tokens - reservation.tokens,
            },
        )
        if not usage.requests:
            # The endpoint was not asked.
            return
        ModelUsage.objects.create(
            tenant_id=tenant_id,
            connection_id=connection.pk,
            connection_name=connection.name,
            provider=connection.provider,
            model=connection.model,
            purpose=purpose,
            prompt=prompt,
            outcome=outcome,
            requests=usage.requests,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            estimated=usage.estimated,
            seconds=round(min(usage.seconds, MAX_SECONDS_STORED), 3),
        )


def _check(connection: ModelConnection, requests: int, day_tokens: int, month_tokens: int, minute: datetime) -> None:
    midnight = minute.replace(hour=0, minute=0)
    next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    limits = (
        ("requests_per_minute", requests, "requests a minute", minute + timedelta(minutes=1)),
        ("tokens_per_day", day_tokens, "tokens a day", midnight + timedelta(days=1)),
        ("tokens_per_month", month_tokens, "tokens a month", next_month),
    )
    for limit, used, words, again in limits:
        allowed = getattr(connection, limit)
        if allowed is not None and used > allowed:
            raise Refused(
                f"The limit of {connection.name} is reached: {allowed:,} {words}. It applies until"
                f" {again:%d %B %Y %H:%M} UTC. Wait until then, or have the limit raised.",
                limit=limit,
                retry_at=again,
            )
