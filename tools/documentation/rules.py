"""Describe what the database enforces on a table: keys, indexes, checks, exclusions and triggers."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import models
from django.db.models.constraints import BaseConstraint

from lad.db.constraints import KeyConstraint, NoOverlap, RowSecurity, SharedKeyTrigger, TableStorage, Trigger
from lad.db.models import LadModel
from lad.db.sql_files import lad_apps, newest, sql_files
from tools.documentation import sql
from tools.documentation.markup import code, codes, link, section, sentence, table

# Descriptions of the kernel's trigger functions.
_FUNCTIONS: Final = {
    "lad_touch_updated_at": "Keeps `updated_at`.",
    "lad_refuse_change": "Rejects updates and deletions.",
    "lad_audit": "Records the change in the audit log.",
    "lad_keep_tenant": "Rejects a change of the row's tenant.",
    "lad_refuse_foreign_shared": "Rejects a key to another tenant's row.",
}
_STATUS_STEPS: Final = "lad_status_steps"
_IN_OTHER_SECTIONS: Final = (models.UniqueConstraint, models.CheckConstraint, KeyConstraint, RowSecurity, Trigger)


def rules(model: type[LadModel]) -> list[str]:
    """Return the sections on keys, checks, further rules and triggers."""
    return [
        *section("Keys and indexes", table(("name", "kind", "columns", "for rows where"), _keys_and_indexes(model))),
        *section(
            "Keys to other tables", table(("name", "columns", "to", "when that row is deleted"), _foreign_keys(model))
        ),
        *section("Checks", table(("name", "meaning", "SQL"), _checks(model))),
        *section("Further rules", [*_further(model)]),
        *section("Triggers", table(("name", "when", "what it does"), _triggers(model))),
    ]


def violation_message(constraint: BaseConstraint) -> str:
    """Return the constraint's own error message, or an empty text."""
    message = constraint.violation_error_message
    return "" if message == BaseConstraint.default_violation_error_message else str(message or "")


def _columns(model: type[LadModel], names: Iterable[str]) -> str:
    columns = {field.name: field.column for field in model._meta.concrete_fields}
    return codes(f"{columns[name.lstrip('-')]}{' desc' if name.startswith('-') else ''}" for name in names)


def _where(predicate: models.Q | None, model: type[LadModel]) -> str:
    return code(sql.condition(predicate, model)) if predicate is not None else ""


def _keys_and_indexes(model: type[LadModel]) -> Iterator[tuple[str, ...]]:
    table_name = model._meta.db_table
    yield code(f"{table_name}_pkey"), "primary key", code(model._meta.pk.column), ""
    fields: list[Any] = [*model._meta.concrete_fields]
    for field in fields:
        if field.unique and not field.primary_key:
            yield "", "unique", code(field.column), ""
        elif field.db_index and not field.primary_key:
            yield "", "index", code(field.column), ""
    for constraint in sorted(_of(model, models.UniqueConstraint), key=lambda each: each.name):
        kind = "unique, null equals null" if constraint.nulls_distinct is False else "unique"
        named = _columns(model, constraint.fields) or _expressions(model, constraint.expressions)
        yield code(constraint.name), kind, named, _where(constraint.condition, model)
    for index in sorted(model._meta.indexes, key=lambda each: each.name):
        kind = "index" if type(index) is models.Index else f"{getattr(index, 'suffix', '')} index".strip()
        included = f", holds {_columns(model, index.include)}" if index.include else ""
        named = _columns(model, index.fields) or _expressions(model, index.expressions)
        yield code(index.name), kind, f"{named}{included}", _where(index.condition, model)


def _expressions(model: type[LadModel], expressions: Iterable[Any]) -> str:
    return codes(sql.expression(each, model) for each in expressions)


def _of(model: type[LadModel], kind: type[BaseConstraint]) -> list[Any]:
    return [each for each in model._meta.constraints if isinstance(each, kind)]


def _foreign_keys(model: type[LadModel]) -> Iterator[tuple[str, ...]]:
    words = {"CASCADE": "deleted too", "SET NULL": "set to null", "NO ACTION": "deletion is rejected"}
    for key in sorted(_of(model, KeyConstraint), key=lambda each: each.name):
        target = model._meta.apps.get_model(key.to)
        to = f"{link(target._meta.db_table)} ({_columns(target, key.to_fields)})"
        yield code(key.name), _columns(model, key.fields), to, words.get(key.on_delete, key.on_delete)


def _checks(model: type[LadModel]) -> Iterator[tuple[str, ...]]:
    for check in sorted(_of(model, models.CheckConstraint), key=lambda each: each.name):
        yield (
            code(check.name),
            violation_message(check) or _value_list(model, check),
            code(sql.condition(check.condition, model)),
        )


def _value_list(model: type[LadModel], check: models.CheckConstraint) -> str:
    lists = {f"{model._meta.db_table}_{field.name}_valid": field for field in model._meta.concrete_fields}
    return "One of its values." if check.name in lists else ""


def _further(model: type[LadModel]) -> Iterator[str]:
    """Yield exclusions and constraints of custom classes."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, _IN_OTHER_SECTIONS):
            continue
        if isinstance(constraint, NoOverlap):
            yield from _no_overlap(constraint, model)
        elif isinstance(constraint, TableStorage):
            settings = ", ".join(f"{name} = {value}" for name, value in constraint.parameters.items())
            yield f"- {code(constraint.name)}: stored with {code(settings)}."
        else:
            text = violation_message(constraint) or sentence(type(constraint).__doc__ or "")
            yield f"- {code(constraint.name)}: {text}"
            yield from _arguments(constraint)
    yield ""


def _no_overlap(constraint: NoOverlap, model: type[LadModel]) -> Iterator[str]:
    same = _columns(model, constraint.fields)
    span = f"[{_columns(model, [constraint.start])}, {_columns(model, [constraint.end])})"
    where = f", among rows where {_where(constraint.condition, model)}" if constraint.condition is not None else ""
    words = f" {violation_message(constraint)}" if violation_message(constraint) else ""
    yield f"- {code(constraint.name)}: no two rows with the same {same} overlap in {span}{where}.{words}"


def _arguments(constraint: Any) -> Iterator[str]:
    for name in getattr(constraint, "arguments", ()):
        value = getattr(constraint, name)
        words = name.replace("_", " ")
        if isinstance(value, dict):
            steps = "; ".join(f"{key} → {', '.join(map(str, each)) or 'nothing'}" for key, each in value.items())
            yield f"  - {words}: {steps}"
        elif isinstance(value, tuple | list) and value:
            yield f"  - {words}: {codes(value)}"


def _triggers(model: type[LadModel]) -> Iterator[tuple[str, ...]]:
    summaries = {file.name: file.summary for config in lad_apps() for file in newest(sql_files(config))}
    for trigger in sorted(_of(model, Trigger), key=lambda each: each.name):
        does = violation_message(trigger) or _FUNCTIONS.get(trigger.function) or summaries[trigger.function]
        if isinstance(trigger, SharedKeyTrigger):
            target = model._meta.apps.get_model(trigger.to)
            rows = link(target._meta.db_table)
            does = f"Requires {code(trigger.parameters[0])} to refer to {rows} of the tenant or shared ones."
        if trigger.function == _STATUS_STEPS:
            does = f"{does} {_steps(trigger)}"
        yield code(trigger.name), f"{trigger.when.lower()} {trigger.event.lower()}", does


def _steps(trigger: Trigger) -> str:
    """Return the allowed changes of status, and the columns that may change in the other statuses."""
    opened, free, moves = (parameter.strip("{}").split(",") for parameter in trigger.parameters)
    ways = codes(move.replace(">", " → ") for move in moves)
    fixed = f"only {codes(free)} may change and the row cannot be deleted"
    return f"Allowed changes of status: {ways}. Unless it is {codes(opened)}, {fixed}."
