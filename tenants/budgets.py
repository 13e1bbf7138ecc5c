"""Limit attempts: a budget holds a number of attempts, and one comes back after each interval.

The counts are rows of the database, so they hold for all processes and survive a restart. An attempt whose
transaction is rolled back does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from lad.db.identifiers import uuid7
from lad.errors import Throttled
from lad.tenancy.context import platform_context
from tenants.accounts.models import AttemptBudget

MAX_SUBJECT_LENGTH: Final = 255
MAX_CLIENT_LENGTH: Final = 64


class BudgetSpent(Throttled):
    """Too many attempts. Wait before the next one."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A kind of budget: ``size`` attempts at once, and one more after each ``interval``.

    One that does not refuse only counts, at most up to its size.
    """

    kind: str
    size: int
    interval: timedelta
    refuses: bool = True

    def of(self, *, subject: str = "", client: str = "") -> "Spending":
        """Return this budget of one subject and client."""
        return Spending(self, subject[:MAX_SUBJECT_LENGTH], client[:MAX_CLIENT_LENGTH])


@dataclass(frozen=True, slots=True)
class Spending:
    """The budget of one subject and client."""

    budget: Budget
    subject: str
    client: str


def spend(spendings: Sequence[Spending], *, now: datetime) -> list[int]:
    """Take one attempt from each budget and return how many of each count now. Raises BudgetSpent.

    If one of them has none left, nothing is taken from any. Simultaneous attempts wait for each other, so name
    budgets always in the same order of kinds.
    """
    with platform_context():
        return [_spend(each, now) for each in spendings]


def refund(spendings: Sequence[Spending], *, now: datetime) -> None:
    """Give back one attempt of each budget."""
    with platform_context():
        for each in spendings:
            _rows(each).update(
                attempts=Greatest(F("attempts") - 1, 0),
                whole_at=Greatest(F("whole_at") - each.budget.interval, now),
            )


def reset(*, subject: str, kinds: Sequence[Budget], client: str | None = None) -> bool:
    """Forget the attempts on a subject, by one client or by all. Return whether there were any."""
    with platform_context():
        rows = AttemptBudget.objects.filter(kind__in=[each.kind for each in kinds], subject=subject)
        deleted, _ = (rows if client is None else rows.filter(client=client)).delete()
    return deleted > 0


def clean_up(*, now: datetime) -> None:
    """Delete budgets that are whole again."""
    with platform_context():
        AttemptBudget.objects.filter(whole_at__lt=now).delete()


def _spend(spending: Spending, now: datetime) -> int:
    budget = spending.budget
    parameters: dict[str, Any] = {
        "id": uuid7(),
        "kind": budget.kind,
        "subject": spending.subject,
        "client": spending.client,
        "now": now,
        "interval": budget.interval,
        "size": budget.size,
        "refuses": budget.refuses,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO attempt_budgets AS known (id, kind, subject, client, attempts, last_attempt_at, whole_at)
            VALUES (%(id)s, %(kind)s, %(subject)s, %(client)s, 1, %(now)s, %(now)s + %(interval)s)
            ON CONFLICT (kind, subject, client) DO UPDATE SET
                attempts = CASE WHEN known.whole_at <= %(now)s THEN 1 ELSE known.attempts + 1 END,
                last_attempt_at = %(now)s,
                whole_at = least(greatest(known.whole_at, %(now)s) + %(interval)s, %(now)s + %(interval)s * %(size)s)
            WHERE known.whole_at <= %(now)s + %(interval)s * (%(size)s - 1) OR NOT %(refuses)s
            RETURNING whole_at
            """,
            parameters,
        )
        row = cursor.fetchone()
    if row is None:
        # Meanwhile a success may have deleted the row.
        whole_at: datetime | None = _rows(spending).values_list("whole_at", flat=True).first()
        free_at = (whole_at or now) - budget.interval * (budget.size - 1)
        raise BudgetSpent(retry_after=max(1, ceil((free_at - now).total_seconds())))
    return ceil((row[0] - now) / budget.interval)


def _rows(spending: Spending) -> QuerySet[AttemptBudget]:
    rows: QuerySet[AttemptBudget] = AttemptBudget.objects.filter(
        kind=spending.budget.kind, subject=spending.subject, client=spending.client
    )
    return rows
