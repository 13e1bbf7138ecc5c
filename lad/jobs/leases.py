"""Claim rows that are due, and recover those whose worker died. One implementation for every queue of rows.

A ``WorkQueue`` is for work inside the database: rows stay locked until the transaction of their effects
commits, so a worker that dies leaves nothing behind. A ``LeaseQueue`` is for work that spans transactions:
a claim is committed with a lease, and ``attempts``, counted with each claim, is the fencing token: only the
attempt that holds the row may write its result back. All times are the database's.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.db import models, transaction
from django.db.models import Expression, F, QuerySet
from django.db.models.functions import Now

from lad.tenancy.context import platform_context

RowT = TypeVar("RowT", bound=models.Model)

# Doubling stops here: any longer delay is far beyond the longest one.
MAX_DOUBLINGS: Final = 30


class Leased(models.Model):
    """Columns of a row that workers claim. The model adds ``state``, with values of its own."""

    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="", db_default="")

    class Meta:
        abstract = True


LeasedT = TypeVar("LeasedT", bound=Leased)


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to try again: after ``first``, then twice as long each time, up to ``longest``; ``attempts`` times in all.

    ``jitter`` is the share of a delay that is random, so that rows that failed together are not retried together.
    """

    first: timedelta
    longest: timedelta
    attempts: int
    jitter: float = 0.5

    def delay(self, attempts: int) -> timedelta:
        """Return the delay after that many failed attempts."""
        ceiling = min(self.longest, self.first * 2 ** min(max(attempts - 1, 0), MAX_DOUBLINGS))
        return ceiling * (1 - random.uniform(0, self.jitter))  # noqa: S311  (spreads load, no secret)

    def exhausted(self, attempts: int) -> bool:
        """Return whether that many failed attempts were the last."""
        return attempts >= self.attempts


class WorkQueue(Generic[RowT]):
    """Rows of one table that are due by a column, for work in the transaction that claims them."""

    def __init__(self, model: type[RowT], *, backoff: Backoff, due: str = "next_attempt_at") -> None:
        self.model = model
        self.backoff = backoff
        self.due_column = due

    @property
    def rows(self) -> QuerySet[RowT]:
        """Return the rows of the current scope."""
        return self.model._default_manager.all()

    def due(self, now: datetime | None = None) -> QuerySet[RowT]:
        """Return the rows that are due, by the database's clock unless ``now`` is given."""
        rows: QuerySet[RowT] = self.rows.filter(**{f"{self.due_column}__lte": now or Now()})
        return rows

    def lock(self, rows: QuerySet[RowT], *, limit: int) -> list[Any]:
        """Lock up to ``limit`` of the rows until the transaction ends and return their keys, the longest due first.

        Rows that another worker has locked are skipped.
        """
        claimed = rows.order_by(self.due_column).select_for_update(no_key=True, skip_locked=True, of=("self",))
        return list(claimed.values_list("pk", flat=True)[:limit])


class LeaseQueue(WorkQueue[LeasedT]):
    """Rows under a lease. ``waiting`` and ``working`` are the values of ``state`` before and during an attempt."""

    def __init__(
        self, model: type[LeasedT], *, backoff: Backoff, lease: timedelta, waiting: str, working: str, unknown: str
    ) -> None:
        super().__init__(model, backoff=backoff)
        self.lease = lease
        self.waiting = waiting
        self.working = working
        self.unknown = unknown

    def due(self, now: datetime | None = None) -> QuerySet[LeasedT]:
        """Return the waiting rows that are due."""
        return super().due(now).filter(state=self.waiting)

    def claim(
        self, *order: str | Expression, rows: QuerySet[LeasedT] | None = None, **values: object
    ) -> LeasedT | None:
        """Claim one due row and return it, or None. The claim is committed before it returns.

        ``order`` comes before the time at which rows became due. ``values`` are written with the claim.
        """
        with transaction.atomic(durable=True), platform_context():
            candidates = self.due().order_by(*order, self.due_column)
            row = candidates.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
            if row is None:
                return None
            self.rows.filter(pk=row.pk).update(
                state=self.working, attempts=F("attempts") + 1, lease_until=Now() + self.lease, error="", **values
            )
            claimed: LeasedT = self.rows.get(pk=row.pk)
            return claimed

    def write_back(self, row: LeasedT, *, states: Sequence[str] = (), **values: Any) -> bool:
        """Write the values if the row is still held by the attempt that claimed it. Return whether it was.

        With ``states`` the row may also be in one of these, such as *unknown*: a late result is news as long
        as nobody has decided.
        """
        held = self.rows.filter(pk=row.pk, attempts=row.attempts, state__in=(self.working, *states))
        return bool(held.update(**values))

    def renew(self, row: LeasedT, *, further: timedelta = timedelta(), **values: Any) -> bool:
        """Extend the lease of a row that is still held, by its length and what one step takes ``further``.

        Return False if another attempt has taken over.
        """
        return self.write_back(row, lease_until=Now() + self.lease + further, **values)

    def retry_values(self, row: LeasedT, error: str, *, failed: str) -> dict[str, Any]:
        """Return the values for an attempt that certainly had no effect: wait and try again, or give up."""
        attempts = row.attempts
        if self.backoff.exhausted(attempts):
            return {"state": failed, "error": error, "lease_until": None, "next_attempt_at": None}
        due = Now() + self.backoff.delay(attempts)
        return {"state": self.waiting, "error": error, "lease_until": None, "next_attempt_at": due}

    def expired(self) -> QuerySet[LeasedT]:
        """Return the rows whose worker let the lease expire. Needs a platform scope."""
        rows: QuerySet[LeasedT] = self.rows.filter(state=self.working, lease_until__lt=Now())
        return rows

    def mark_unknown(self, rows: QuerySet[LeasedT], error: str) -> int:
        """Hold rows whose work may or may not have had its effect until a person decides. Return how many."""
        return rows.update(state=self.unknown, error=error)

    def requeue(self, rows: QuerySet[LeasedT], **values: object) -> int:
        """Make rows due at once whose unfinished work left no effect. Return how many."""
        return rows.update(state=self.waiting, next_attempt_at=Now(), lease_until=None, **values)

    def has_work(self) -> bool:
        """Return whether a row is due or was left by its worker. Needs a platform scope."""
        return self.due().exists() or self.expired().exists()
