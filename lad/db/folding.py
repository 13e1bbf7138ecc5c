"""Puts a migration's operations in order and folds what belongs to a new table into its ``CreateModel``."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.migrations import operations
from django.db.migrations.operations.base import Operation

from lad.db.operations import TableRule


def in_order(changes: Sequence[Any], removes_rule: Callable[[Any], bool]) -> list[Any]:
    """Return the operations with renamed models first, then removed rules, and new rules last.

    A rule may use any table, column or unique key, so it goes before they go and comes when they are there.
    """

    def place(operation: Operation) -> int:
        if isinstance(operation, operations.RenameModel):
            return 0
        if isinstance(operation, operations.RemoveConstraint):
            return 1 if removes_rule(operation) else 2
        return 3 if _adds_rule(operation) else 2

    return sorted(changes, key=place)


def fold(app_label: str, changes: Sequence[Any], field_order: Mapping[str, Sequence[str]]) -> list[Any]:
    """Return the operations with keys, indexes and constraints of new tables folded into their ``CreateModel``.

    ``field_order`` holds each model's fields in the order of its class. A key stays apart where tables
    refer to each other, and so does what uses that key.
    """
    tables = {
        f"{app_label}.{each.name_lower}": _NewTable(each)
        for each in changes
        if isinstance(each, operations.CreateModel)
    }
    before: list[Any] = []
    after: list[Any] = []
    for operation in changes:
        table = tables.get(f"{app_label}.{getattr(operation, 'model_name_lower', '')}")
        if isinstance(operation, operations.CreateModel) or (table is not None and table.take(operation)):
            continue
        first = isinstance(operation, operations.RenameModel | operations.RemoveConstraint)
        (before if first else after).append(operation)
    ordered = _creation_order(tables)
    creates = [table.operation(field_order.get(table.name, ())) for table in ordered]
    return [*before, *creates, *(each for table in ordered for each in table.apart), *after]


class _NewTable:
    """A table that the migration creates, with what is added to it."""

    def __init__(self, create: Any) -> None:
        self.name: str = create.name_lower
        self.apart: list[Any] = []
        self._create = create
        self._keys: list[Any] = []
        self._indexes: list[Any] = []
        self._constraints: list[Any] = []

    def take(self, operation: Any) -> bool:
        """Keep the operation for ``CreateModel``; return False for a kind that cannot be folded."""
        kinds = {
            operations.AddField: self._keys,
            operations.AddIndex: self._indexes,
            operations.AddConstraint: self._constraints,
        }
        kept = kinds.get(type(operation))
        if kept is not None:
            kept.append(operation)
        return kept is not None

    @property
    def targets(self) -> set[str]:
        """The labels of the models that the table's keys refer to."""
        return {_target(key) for key in self._keys}

    def keep_apart(self, missing: set[str]) -> None:
        """Leave keys to tables that do not exist yet, and what uses those keys, for later."""
        late = [key for key in self._keys if _target(key) in missing]
        names = [key.name for key in late]
        using = [each for each in (*self._indexes, *self._constraints) if _uses(each, names)]
        self.apart = [*late, *using]
        for kept in (self._keys, self._indexes, self._constraints):
            kept[:] = [each for each in kept if each not in self.apart]

    def operation(self, field_order: Sequence[str]) -> Any:
        """Return the finished ``CreateModel``."""
        fields = [*self._create.fields, *((key.name, key.field) for key in self._keys)]
        fields.sort(key=lambda field: field_order.index(field[0]) if field[0] in field_order else len(field_order))
        options = dict(self._create.options)
        if self._indexes:
            options["indexes"] = [each.index for each in self._indexes]
        if self._constraints:
            options["constraints"] = [each.constraint for each in sorted(self._constraints, key=_adds_rule)]
        return operations.CreateModel(self._create.name, fields, options, self._create.bases, self._create.managers)


def _creation_order(tables: Mapping[str, _NewTable]) -> list[_NewTable]:
    """Order tables after those that their keys refer to; break a circle at the table with the fewest open keys."""
    ordered: list[_NewTable] = []
    waiting = dict(sorted(tables.items()))
    while waiting:
        missing = {label: (table.targets & set(waiting)) - {label} for label, table in waiting.items()}
        chosen = min(waiting, key=lambda label: len(missing[label]))
        table = waiting.pop(chosen)
        table.keep_apart(missing[chosen])
        ordered.append(table)
    return ordered


def _target(key: Any) -> str:
    return str(key.field.remote_field.model).lower()


def _uses(operation: Any, names: Sequence[str]) -> bool:
    """Whether the index or constraint refers to one of the fields; rules are SQL that runs later anyway."""
    if _adds_rule(operation):
        return False
    added = operation.index if isinstance(operation, operations.AddIndex) else operation.constraint
    return any(re.search(rf"\b{name}\b", repr(added.deconstruct())) for name in names)


def _adds_rule(operation: Operation) -> bool:
    return isinstance(operation, operations.AddConstraint) and isinstance(operation.constraint, TableRule)
