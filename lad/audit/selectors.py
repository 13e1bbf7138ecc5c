"""Read the history of a row from the audit log, as text for people."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from lad.audit.models import AuditAction
from lad.audit.trigger import possible_buckets
from lad.db.fields import SECRET_MASK
from lad.db.identifiers import as_uuid
from lad.times import DATE_AND_SECONDS, written

# Technical columns that mean nothing to a reader.
HIDDEN_COLUMNS: Final = frozenset({"deletion_id"})
SYSTEM: Final = "system"
PLATFORM_STAFF: Final = "LAD staff"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after a change, as text. Secrets are masked on both sides."""

    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a row. ``how`` is api, admin, a task's name, command or sql."""

    id: UUID
    at: datetime
    who: str
    actor_id: UUID | None
    action: str
    how: str
    request_id: str
    changes: tuple[FieldChange, ...]


# Two branches: under row-level security only plain comparisons use an index.
_ROW_HISTORY = """
    SELECT entry.id, entry.created_at, entry.action, entry.actor_id, entry.source, entry.login,
           entry.request_id, entry.changes::text, entry.own_changes::text
    FROM (
        SELECT *, NULL::jsonb AS own_changes FROM audit_entries WHERE row_id = %(row)s AND table_name = %(table)s
        UNION ALL
        SELECT packed.*, (
            SELECT jsonb_object_agg(name, jsonb_build_array(sides -> 0 -> place, sides -> 1 -> place))
            FROM jsonb_each(row_changes) AS by_column (name, sides),
                 (SELECT array_position(row_ids, %(row)s) - 1) AS found (place)
        )
        FROM audit_entries AS packed
        WHERE table_name = %(table)s AND bucket = ANY (%(buckets)s) AND row_ids @> ARRAY[%(row)s]
    ) AS entry
    WHERE entry.action <> 'updated' OR entry.changes - %(hidden)s::text[] <> '{}'
        OR COALESCE(entry.own_changes, '{}') - %(hidden)s::text[] <> '{}'
    ORDER BY entry.created_at DESC, entry.id DESC LIMIT %(limit)s
"""


def history(model: type[models.Model], row_id: UUID | int, limit: int = 200) -> list[HistoryEntry]:
    """Return the changes of one row that the current scope may see, newest first.

    Leaves out the columns that LAD keeps by itself, and changes of nothing else.
    """
    key, hidden = as_uuid(row_id), _hidden_columns(model)
    with connection.cursor() as cursor:
        cursor.execute(
            _ROW_HISTORY,
            {
                "row": key,
                "table": model._meta.db_table,
                "buckets": possible_buckets(key),
                "hidden": sorted(hidden),
                "limit": limit,
            },
        )
        found = [(*row[:7], _changed_columns(row[7], row[8], hidden)) for row in cursor.fetchall()]
    # An entry of many rows also names columns that changed in the others only.
    found = [row for row in found if row[2] != AuditAction.UPDATED or row[7]]
    emails = _emails({actor_id for _id, _at, _action, actor_id, *_ in found if actor_id})
    describe = _Describer(model, [changes for *_, changes in found])
    return [
        HistoryEntry(
            id=entry_id,
            at=at,
            who=emails.get(actor_id) or (PLATFORM_STAFF if actor_id else SYSTEM),
            actor_id=actor_id,
            action=AuditAction(action).label,
            how=f"{source} ({login})" if source == "sql" else source,
            request_id=request_id,
            changes=describe(changes),
        )
        for entry_id, at, action, actor_id, source, login, request_id, changes in found
    ]


def _emails(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the addresses of those users the current scope may see."""
    users = get_user_model().all_objects
    return dict(users.filter(pk__in=user_ids).values_list("pk", "email")) if user_ids else {}


Changes = Mapping[str, tuple[Any, Any]]


def _hidden_columns(model: type[models.Model]) -> frozenset[str]:
    kept = getattr(model, "bookkeeping", ())
    return HIDDEN_COLUMNS | {str(field.column) for field in model._meta.concrete_fields if field.name in kept}


def _changed_columns(common: str, own: str | None, hidden: Collection[str]) -> Changes:
    """Return the row's changed columns: those with values common to the entry's rows, and the row's own."""
    changes = {
        **json.loads(common, parse_float=Decimal),
        **(json.loads(own, parse_float=Decimal) if own else {}),
    }
    return {
        name: (old, new)
        for name, (old, new) in changes.items()
        if name not in hidden and (old != new or old == SECRET_MASK)
    }


class _Describer:
    """Turns changed columns into labelled text. Looks up the rows that keys refer to with one query per table."""

    def __init__(self, model: type[models.Model], histories: Iterable[Changes]) -> None:
        self.fields = {field.column: field for field in model._meta.concrete_fields}
        self.names: dict[tuple[type[models.Model], Any], str] = {}
        wanted: dict[type[models.Model], set[Any]] = {}
        for changes in histories:
            for column, sides in changes.items():
                target = self._target(column)
                if target is not None:
                    wanted.setdefault(target, set()).update(side for side in sides if side is not None)
        for target, keys in wanted.items():
            manager = getattr(target, "all_objects", target._default_manager)
            for row in manager.filter(pk__in=keys):
                self.names[target, str(row.pk)] = str(row)

    def __call__(self, changes: Changes) -> tuple[FieldChange, ...]:
        order = {column: place for place, column in enumerate(self.fields)}
        return tuple(
            FieldChange(
                name=self.fields[column].name if column in self.fields else column,
                label=capfirst(str(self.fields[column].verbose_name)) if column in self.fields else column,
                old=self._text(column, changes[column][0]),
                new=self._text(column, changes[column][1]),
            )
            for column in sorted(changes, key=lambda column: (order.get(column, len(order)), column))
        )

    def _target(self, column: str) -> Any:
        field = self.fields.get(column)
        return field.related_model if isinstance(field, models.ForeignKey) else None

    def _text(self, column: str, value: object) -> str:
        if value is None or value == "":
            return ""
        field = self.fields.get(column)
        if (target := self._target(column)) is not None:
            return self.names.get((target, str(value)), str(value))
        if field is not None and field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(field, models.DateTimeField) and isinstance(value, str):
            moment = parse_datetime(value)
            return written(moment, DATE_AND_SECONDS) if moment else value
        if isinstance(value, bool):
            return "yes" if value else "no"
        return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
