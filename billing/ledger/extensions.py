"""Let features above the ledger say what a debit paid for, so that reversing it voids that too."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.ledger.models import LedgerTransaction
from lad.types import Actor


@dataclass(frozen=True, slots=True)
class PaidWork:
    """Work that a debit paid for, by its ``label``. ``void(reason, actor)`` also reverses the debit."""

    label: str
    void: Callable[[str, Actor], object]


PaidWorkSource = Callable[[LedgerTransaction], PaidWork | None]

_sources: list[PaidWorkSource] = []


def register_paid_work(source: PaidWorkSource) -> None:
    """Register ``source(transaction)``, which returns what the debit paid for, or None."""
    if source not in _sources:
        _sources.append(source)


def paid_work_sources() -> tuple[PaidWorkSource, ...]:
    """Return every registered source."""
    return tuple(_sources)
