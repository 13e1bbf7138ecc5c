"""What the database enforces on a table: keys, indexes, checks, exclusions and triggers, in words and in SQL."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import models
from django.db.models.constraints import BaseConstraint

from lad.db.constraints import KeyConstraint, NoOverlap, RowSecurity, SharedKeyTrigger, TableStorage, Trigger
from lad.db.sql_files import lad_apps, newest, sql_files
from tools.documentation import sql
from tools.documentation.markup import code, codes, link, section, sentence, table

# What the kernel's trigger functions do.
_FUNCTIONS: Final = {
    "lad_touch_updated_at": "Keeps `updated_at`.",
    "lad_refuse_change": "Refuses the statement: rows are only ever added.",
    "lad_audit": "Writes what changed to the audit log.",
    "lad_keep_tenant": "Refuses to hand the row to another tenant or to nobody.",
    "lad_refuse_foreign_shared": "Refuses a key to another tenant's row.",
}
_STATUS_STEPS: Final = "lad_status_steps"
_IN_OTHER_SECTIONS: Final = (models.UniqueConstraint, models.CheckConstraint, KeyConstraint, RowSecurity, Trigger)


def rules(model: Any) -> list[str]:
    """The sections on what the database holds the rows to."""
    return [
        *section("Keys and indexes", table(("name", "what", "columns", "for rows where"), _keys_and_indexes(model))),
        *section("Keys to other tables", table(("name", "columns", "to", "when that row goes"), _foreign_keys(model))),
        *section("Checks", table(("name", "what it asks", "SQL"), _checks(model))),
        *section("Further rules", [*_further(model)]),
        *section("Triggers", table(("name", "when", "what it does"), _triggers(model))),
    ]


def says(constraint: BaseConstraint) -> str:
    """What the constraint says to whoever breaks it, if it has a word of its own."""
    message = constraint.violation_error_message
    return "" if message == BaseConstraint.default_violation_error_message else str(message or "")


def _columns(model: Any, names: Any) -> str:
    return codes(
        f"{model._meta.get_field(name.lstrip('-')).column}{' desc' if name.startswith('-') else ''}" for name in names
    )


def _where(predicate: models.Q | None, model: Any) -> str:
    return code(sql.condition(predicate, model)) if predicate is not None else ""


def _keys_and_indexes(model: Any) -> Iterator[tuple[str, ...]]:
    table_name = model._meta.db_table
    yield code(f"{table_name}_pkey"), "primary key", code(model._meta.pk.column), ""
    for field in model._meta.concrete_fields:
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


def _expressions(model: Any, expressions: Any) -> str:
    return codes(sql.expression(each, model) for each in expressions)


def _of(model: Any, kind: Any) -> list[Any]:
    return [each for each in model._meta.constraints if isinstance(each, kind)]


def _foreign_keys(model: Any) -> Iterator[tuple[str, ...]]:
    words = {"CASCADE": "this one goes too", "SET NULL": "null", "NO ACTION": "refused"}
    for key in sorted(_of(model, KeyConstraint), key=lambda each: each.name):
        target = model._meta.apps.get_model(key.to)
        to = f"{link(target._meta.db_table)} ({_columns(target, key.to_fields)})"
        yield code(key.name), _columns(model, key.fields), to, words.get(key.on_delete, key.on_delete)


def _checks(model: Any) -> Iterator[tuple[str, ...]]:
    for check in sorted(_of(model, models.CheckConstraint), key=lambda each: each.name):
        yield code(check.name), says(check) or _value_list(model, check), code(sql.condition(check.condition, model))


def _value_list(model: Any, check: models.CheckConstraint) -> str:
    lists = {f"{model._meta.db_table}_{field.name}_valid": field for field in model._meta.concrete_fields}
    return "One of its values." if check.name in lists else ""


def _further(model: Any) -> Iterator[str]:
    """Exclusions, and what an app or the kernel made a constraint of its own for."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, _IN_OTHER_SECTIONS):
            continue
        if isinstance(constraint, NoOverlap):
            yield from _no_overlap(constraint, model)
        elif isinstance(constraint, TableStorage):
            settings = ", ".join(f"{name} = {value}" for name, value in constraint.parameters.items())
            yield f"- {code(constraint.name)}: stored with {code(settings)}."
        else:
            yield f"- {code(constraint.name)}: {says(constraint) or sentence(type(constraint).__doc__ or '')}"
            yield from _arguments(constraint)
    yield ""


def _no_overlap(constraint: NoOverlap, model: Any) -> Iterator[str]:
    same = _columns(model, constraint.fields)
    span = f"[{_columns(model, [constraint.start])}, {_columns(model, [constraint.end])})"
    where = f", among rows where {_where(constraint.condition, model)}" if constraint.condition is not None else ""
    words = f" {says(constraint)}" if says(constraint) else ""
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


def _triggers(model: Any) -> Iterator[tuple[str, ...]]:
    summaries = {file.name: file.summary for config in lad_apps() for file in newest(sql_files(config))}
    for trigger in sorted(_of(model, Trigger), key=lambda each: each.name):
        does = says(trigger) or _FUNCTIONS.get(trigger.function) or summaries[trigger.function]
        if isinstance(trigger, SharedKeyTrigger):
            target = model._meta.apps.get_model(trigger.to)
            does = (
                f"Lets {code(trigger.parameters[0])} lead to the tenant's own {link(target._meta.db_table)} or shared."
            )
        if trigger.function == _STATUS_STEPS:
            does = f"{does} {_steps(trigger)}"
        yield code(trigger.name), f"{trigger.when.lower()} {trigger.event.lower()}", does


def _steps(trigger: Trigger) -> str:
    """How the status may move, and what may be changed once it has left the open ones."""
    opened, free, moves = (parameter.strip("{}").split(",") for parameter in trigger.parameters)
    ways = codes(move.replace(">", " → ") for move in moves)
    return f"Status moves {ways}. Unless it is {codes(opened)}, only {codes(free)} change and the row stays."
