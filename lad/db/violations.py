"""Turn violations that the database reports into the errors that people read, with the sentence of the constraint.

The database checks keys, unique keys, exclusions and CHECKs; nothing asks it first. So a write that loses a race
gets the same error as a write that came late.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from django.db import IntegrityError, models
from django.db.models import BaseConstraint, Field

from lad.db.constraints import KeyConstraint, NoOverlap, SharedKeyTrigger
from lad.errors import DomainError, Invalid, Refused

NOT_NULL: Final = "23502"
FOREIGN_KEY: Final = "23503"
UNIQUE: Final = "23505"
CHECK: Final = "23514"
EXCLUSION: Final = "23P01"


def violation(row: models.Model, error: IntegrityError, *, written: Collection[str]) -> DomainError:
    """Return the error for a violated constraint: Refused for a duplicate or a rule of a trigger, else Invalid.

    ``written`` names the fields of the refused write. If a constraint spans several fields, the error is shown
    at the one that was written.
    """
    state, name = getattr(error.__cause__, "sqlstate", None), violated_constraint(error)
    constraint = next((each for each in row._meta.constraints if each.name == name), None)
    if state == NOT_NULL:
        return _not_null(row, error)
    if state == FOREIGN_KEY and isinstance(constraint, KeyConstraint | SharedKeyTrigger):
        return _missing_row(row, constraint)
    if state in (UNIQUE, EXCLUSION):
        fields = _unique_fields(row, constraint, name)
        return Refused(_sentence(row, constraint, name, fields), fields=_named(row, fields) or None)
    if state == CHECK and isinstance(constraint, models.CheckConstraint):
        fields = _named(row, _names_in(constraint.condition))
        shown = [each for each in fields if each in written] or fields
        sentence = _sentence(row, constraint, name, [])
        if len(shown) == 1:
            return Invalid(errors={shown[0]: [sentence]})
        return Invalid(errors={"non_field_errors": [sentence]}, fields=shown or None)
    return Refused(_sentence(row, constraint, name, []))


def violated_constraint(error: IntegrityError) -> str:
    """Return the name of the violated constraint, or an empty string."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def no_such_row(model: type[models.Model]) -> str:
    """Return the sentence for a key to a row that does not exist or that the caller cannot see."""
    return f"There is no such {model._meta.verbose_name} here."


def _not_null(row: models.Model, error: IntegrityError) -> Invalid:
    column = getattr(getattr(error.__cause__, "diag", None), "column_name", None)
    field = next((each for each in row._meta.concrete_fields if each.column == column), None)
    place = field.name if field is not None else "non_field_errors"
    return Invalid(errors={place: [str(Field.default_error_messages["null"])]})


def _missing_row(row: models.Model, constraint: KeyConstraint | SharedKeyTrigger) -> Invalid:
    if isinstance(constraint, KeyConstraint):
        # The last is the most specific, as the step in a key of campaign and step.
        fields: list[Any] = [row._meta.get_field(name) for name in constraint.fields]
        field = [each for each in fields if each.is_relation][-1]
    else:
        field = next(each for each in row._meta.concrete_fields if each.column == constraint.parameters[0])
    return Invalid(errors={field.name: [_own_sentence(constraint) or no_such_row(field.related_model)]})


def _unique_fields(row: models.Model, constraint: BaseConstraint | None, name: str) -> list[str]:
    if isinstance(constraint, models.UniqueConstraint) and constraint.expressions:
        return sorted({name for each in constraint.expressions for name in _references(each)})
    if isinstance(constraint, models.UniqueConstraint | NoOverlap):
        return list(constraint.fields)
    # PostgreSQL names the key of a column with ``unique=True`` after the column.
    table = row._meta.db_table
    return [each.name for each in row._meta.concrete_fields if each.unique and name == f"{table}_{each.column}_key"]


def _sentence(row: models.Model, constraint: BaseConstraint | None, name: str, fields: list[str]) -> str:
    own = _own_sentence(constraint)
    if own:
        return own
    if fields:
        return str(row.unique_error_message(type(row), tuple(_named(row, fields) or fields)).messages[0])
    return f"The change breaks the rule {name}." if name else Refused.default_detail()


def _own_sentence(constraint: BaseConstraint | None) -> str:
    message = getattr(constraint, "violation_error_message", None)
    return str(message) if message and message != BaseConstraint.default_violation_error_message else ""


def _named(row: models.Model, fields: Collection[str]) -> list[str]:
    """Return the fields without the tenant, which callers do not write, in the order of the model."""
    tenancy = getattr(row, "tenancy", None)
    hidden = {"id", "deleted_at", "is_deleted", tenancy.field if tenancy else None}
    return [each.name for each in row._meta.concrete_fields if each.name in fields and each.name not in hidden]


def _names_in(condition: Any) -> set[str]:
    """Return the names of the fields in a condition: ``email`` for ``Q(email=Lower("email"))``."""
    return {name.partition("__")[0] for name in _references(condition)}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, models.Q):
        for child in node.children:
            yield from _references(child)
    elif isinstance(node, tuple):
        yield str(node[0])
        yield from _references(node[1])
    elif isinstance(node, models.F):
        yield str(node.name)  # type: ignore[attr-defined]  # missing in the stubs
    elif hasattr(node, "get_source_expressions"):
        for source in node.get_source_expressions():
            yield from _references(source)
