"""Kinds of jobs. The feature that owns a kind registers it in its ``jobs.py``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from lad.registry import Registry
from lad.types import Actor, Values

RowKey = UUID | int
# The most rows that one transaction changes.
PART_SIZE: Final = 500


class Verdict(StrEnum):
    """The effect of a job on a row."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """The outcome of one row. A skipped or failed row has a reason in words and, if it is known, the field."""

    key: RowKey
    verdict: Verdict
    reason: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to change in the current transaction and scope, on behalf of ``actor``."""

    keys: Sequence[RowKey]
    parameters: Values
    actor: Actor


Change = Callable[[Rows], Iterable[RowOutcome]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A change that jobs apply to rows of one model.

    ``change`` runs in a transaction in the tenant's scope. It returns an outcome for each row, or raises: then
    the rows are halved until the failing one is alone. It must have no effect outside the database unless
    ``outside_effects`` is set: such a job is held for a person's decision when its worker dies.

    ``model``, ``right`` and ``feature`` are functions of the job's parameters. ``title`` and ``done`` word the
    job: "Move 1,200 leads to “Won”" for ``title(parameters, "1,200 leads")``, and "moved to “Won”" for
    ``done(parameters)``. ``check(parameters)`` raises a DomainError if the change is possible for no row at all; it
    is called before the job starts and every few seconds while it runs. ``part_size`` is how many rows one
    transaction changes. With ``keeps_going`` a row that fails does not hold back others that are changed at once with
    it; ``change`` returns its outcome instead of raising.
    """

    key: str
    label: str
    change: Change = field(compare=False)
    model: Callable[[Values], type[Model]] = field(compare=False)
    right: Callable[[Values], str] = field(compare=False)
    title: Callable[[Values, str], str] = field(compare=False)
    done: Callable[[Values], str] = field(compare=False)
    feature: Callable[[Values], str | None] = field(compare=False, default=lambda _parameters: None)
    check: Callable[[Values], None] = field(compare=False, default=lambda _parameters: None)
    part_size: int = PART_SIZE
    outside_effects: bool = False
    keeps_going: bool = False


job_kinds: Final = Registry[JobKind]("job kind")


def each_row(
    rows: Rows, found: Iterable[Any], change: Callable[[Any], object], *, gone: str = "It no longer exists."
) -> list[RowOutcome]:
    """Change the rows that were found one by one and return an outcome for each key, for kinds without a bulk service.

    A key whose row was not found is skipped, with the reason ``gone``.
    """
    by_key = {row.pk: row for row in found}
    outcomes = []
    for key in rows.keys:
        if key in by_key:
            change(by_key[key])
            outcomes.append(RowOutcome(key, Verdict.CHANGED))
        else:
            outcomes.append(RowOutcome(key, Verdict.SKIPPED, gone))
    return outcomes
