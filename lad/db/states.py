"""Reduces a model to what the database sees of it, for migrations.

Migrations compare these reduced models. A change of a help text, a validator or an open list of choices
therefore makes no migration, and no migration imports LAD's own fields and constraints.
"""

from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.constraints import BaseConstraint

from lad.db.constraints import SqlConstraint
from lad.db.operations import TableRule, created_functions
from lad.db.sql_files import lad_apps

# What the database sees of a field, of a model and of Django's own constraints.
_FIELD: Final = {
    "null", "max_digits", "decimal_places", "primary_key", "unique", "db_index", "db_column",
    "db_default", "db_collation", "db_comment", "db_tablespace", "expression", "output_field", "db_persist",
    "base_field", "size", "to", "to_field", "through",
}  # fmt: skip
_OPTIONS: Final = {"db_table", "db_tablespace", "db_table_comment", "managed", "indexes", "constraints",
                   "unique_together", "order_with_respect_to"}  # fmt: skip
_NOT_IN_DATABASE: Final = ("violation_error_message", "violation_error_code")


def database_state(state: ProjectState) -> ProjectState:
    """Return the state with the models of LAD's apps reduced to what the database sees."""
    labels = {config.label for config in lad_apps()}
    reduced = {
        key: database_model(model) if model.app_label in labels else model
        for key, model in state.models.items()
        if not (model.app_label in labels and model.options.get("proxy"))
    }
    return ProjectState(reduced, real_apps=state.real_apps)


def database_model(model: ModelState) -> ModelState:
    """Return the model with plain fields, rules as SQL and nothing that only Python knows."""
    options = {name: value for name, value in model.options.items() if name in _OPTIONS}
    options["constraints"] = [_constraint(model, each) for each in options.get("constraints", ())]
    options["indexes"] = [_rebuilt(each) for each in options.get("indexes", ())]
    fields = [(name, plain_field(field)) for name, field in model.fields.items() if not _only_in_python(field)]
    return ModelState(model.app_label, model.name, fields, options, (models.Model,), [])


def table_rule(constraint: SqlConstraint, model: Any) -> TableRule:
    """Return the constraint as the SQL that makes it, written without a connection."""
    editor = connection.schema_editor(collect_sql=True)
    create, remove = constraint.statement(model, editor), constraint.remove_sql(model, editor)
    if created_functions(create):
        raise ValueError(f"{constraint.name} creates a function: put it into an sql/ folder.")
    return TableRule(name=constraint.name, create=create, remove=remove)


def plain_field(field: Any) -> Any:
    """Return Django's field that makes the same column."""
    _name, _path, _args, arguments = field.deconstruct()
    kept = {name: _plain_value(value) for name, value in arguments.items() if name in _FIELD}
    if "default" in arguments and "db_default" not in arguments and not callable(arguments["default"]):
        # It fills the rows that a table already has when the column is added.
        kept["default"] = arguments["default"]
    if isinstance(field, models.CharField | models.FileField):
        # Some classes leave out their usual length; texts and bytes have none in the database.
        kept["max_length"] = field.max_length
    for name in ("base_field", "output_field"):
        if name in kept:
            kept[name] = plain_field(kept[name])
    if isinstance(field, models.ForeignKey | models.ManyToManyField):
        kept["related_name"] = "+"
    if isinstance(field, models.ForeignKey):
        # The database's own rule is part of the key's TableRule.
        kept |= {"on_delete": models.DO_NOTHING, "db_constraint": getattr(field, "db_constraint", True)}
    return _plain_class(field)(**kept)


def _plain_class(field: Any) -> Any:
    found = _django_class(field)
    # To the database an e-mail address and a URL are texts like any other.
    return models.CharField if found in (models.EmailField, models.URLField) else found


def _only_in_python(field: Any) -> bool:
    """Whether the field is a many-to-many whose table is a model of its own."""
    return field.many_to_many and field.remote_field.through is not None


def _constraint(model: ModelState, constraint: BaseConstraint) -> BaseConstraint:
    if isinstance(constraint, SqlConstraint):
        return table_rule(constraint, apps.get_model(model.app_label, model.name))
    return _rebuilt(constraint)


def _rebuilt(value: Any) -> Any:
    """Return an index, constraint, condition or expression, made of Django's classes and without its messages."""
    _path, args, arguments = value.deconstruct()
    kept = {name: _plain_value(each) for name, each in arguments.items() if name not in _NOT_IN_DATABASE}
    if isinstance(value, models.Func) and not type(value).__module__.startswith("django."):
        own = {name: getattr(value, name) for name in ("function", "template", "arg_joiner")}
        kept = {**own, "output_field": value.output_field, **kept}
    # Django writes arguments in this order, and compares some in theirs.
    return _django_class(value)(*_plain_value(args), **dict(sorted(kept.items())))


def _plain_value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_plain_value(each) for each in value)
    if isinstance(value, models.Q | models.F | models.Expression):
        return _rebuilt(value)
    return value


def _django_class(value: Any) -> Any:
    return next(each for each in type(value).__mro__ if each.__module__.startswith("django."))
