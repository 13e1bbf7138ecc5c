"""The job that restores deleted rows of any model that has a page in the admin."""

from typing import Final

from django.db import transaction

from lad import writes
from lad.db.models import LadModel
from lad.errors import DomainError, Invalid
from lad.jobs.deletion import PART_SIZE, model_of, right_of
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds

GONE: Final = "It is not deleted any more."


def _restore(rows: Rows) -> list[RowOutcome]:
    """Restore each row for itself: one that cannot return does not keep the others from it."""
    deleted = model_of(rows.parameters).all_objects.deleted()
    found = deleted.filter(pk__in=rows.keys).select_for_update(of=("self",)).order_by("pk")
    by_key = {row.pk: row for row in found}
    return [
        _outcome(by_key[key], rows) if key in by_key else RowOutcome(key, Verdict.SKIPPED, GONE) for key in rows.keys
    ]


def _outcome(row: LadModel, rows: Rows) -> RowOutcome:
    try:
        with transaction.atomic():
            left = writes.restore(row, actor=rows.actor).left
    except DomainError as error:
        return RowOutcome(row.pk, Verdict.FAILED, _reason(error))
    if left:
        return RowOutcome(row.pk, Verdict.SKIPPED, f"Restored without: {' '.join(str(each) for each in left)}")
    return RowOutcome(row.pk, Verdict.CHANGED)


def _reason(error: DomainError) -> str:
    texts = error.errors.values() if isinstance(error, Invalid) else ()
    return " ".join(text for each in texts for text in each) or error.detail


RESTORE: Final = job_kinds.register(
    JobKind(
        key="rows.restore",
        label="Restore rows",
        change=_restore,
        model=model_of,
        right=right_of,
        title=lambda _parameters, rows: f"Restore {rows}",
        done=lambda _parameters: "restored",
        part_size=PART_SIZE,
        keeps_going=True,
    )
)
