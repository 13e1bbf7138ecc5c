"""Apply a batch of items. If that fails, halve it until the failing items are alone."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class FailedItem(Generic[Item]):
    """An item that raised while it was applied alone."""

    item: Item
    error: Exception


@dataclass(slots=True)
class BatchOutcome(Generic[Item]):
    """Which items were applied and which failed. Items that were skipped are in neither list."""

    done: list[Item] = field(default_factory=list)
    failed: list[FailedItem[Item]] = field(default_factory=list)


def apply_batch(
    items: Sequence[Item],
    apply: Callable[[Sequence[Item]], None],
    *,
    order_key: Callable[[Item], Hashable] | None = None,
    reraise: tuple[type[Exception], ...] = (),
    own_transaction: bool = False,
) -> BatchOutcome[Item]:
    """Apply the items together. If ``apply`` raises, halve them until each failing item is alone.

    Each call of ``apply`` runs in a savepoint that is rolled back if it raises, so that a failed call leaves
    nothing behind. Deferred constraints are checked in the savepoint. With ``own_transaction`` each call of
    ``apply`` opens and commits a transaction itself. With ``order_key`` the items of one key are applied in
    order, and those after a failed one are skipped.

    Raises the error at once, instead of halving, if it is one of ``reraise``, if the connection is lost, or if
    a task's time limit is reached while more than one item is left.
    """
    outcome: BatchOutcome[Item] = BatchOutcome()
    run = apply if own_transaction else _in_savepoint(apply)
    _halve(list(items), run, outcome, _Options(order_key, reraise, own_transaction))
    return outcome


@dataclass(frozen=True, slots=True)
class _Options(Generic[Item]):
    order_key: Callable[[Item], Hashable] | None
    reraise: tuple[type[Exception], ...]
    own_transaction: bool


def _halve(
    items: list[Item],
    run: Callable[[Sequence[Item]], None],
    outcome: BatchOutcome[Item],
    options: _Options[Item],
) -> None:
    if options.order_key is not None and outcome.failed:
        blocked = {options.order_key(failure.item) for failure in outcome.failed}
        items = [item for item in items if options.order_key(item) not in blocked]
    if not items:
        return
    try:
        run(items)
    except options.reraise:
        raise
    except Exception as error:
        if not options.own_transaction and _is_disconnected():
            raise
        if len(items) == 1:
            outcome.failed.append(FailedItem(items[0], error))
            return
        if isinstance(error, SoftTimeLimitExceeded):
            # No time to halve.
            raise
        middle = len(items) // 2
        _halve(items[:middle], run, outcome, options)
        _halve(items[middle:], run, outcome, options)
    else:
        outcome.done += items


def _in_savepoint(apply: Callable[[Sequence[Item]], None]) -> Callable[[Sequence[Item]], None]:
    checked = False

    def run(items: Sequence[Item]) -> None:
        nonlocal checked
        with transaction.atomic(), connection.cursor() as cursor:
            if checked:
                # The check of an earlier part lasts until the transaction ends.
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            apply(items)
            # A deferred constraint would fail at commit, where its item cannot be identified.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        checked = True

    return run


def _is_disconnected() -> bool:
    return connection.connection is None or connection.connection.closed or not connection.in_atomic_block
