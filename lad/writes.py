"""The one door through which the API, the admin and imports write a row.

A table with rules of its own registers a ``Writer``; every other gets the plain one. Whoever
listens is told of each change inside its transaction, which is how it becomes a domain event.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import BaseConstraint, ProtectedError

from lad.db import deletion
from lad.db.fields import TenantKey
from lad.errors import Conflict, Invalid

Listener = Callable[..., None]

_writers: dict[type[models.Model], "Writer"] = {}
_listeners: list[Listener] = []


class InUse(Conflict):
    """Other rows still refer to it; remove or move them first."""

    code = "in_use"


class Refused(Conflict):
    """The database refuses the change because it breaks a rule of the table."""

    code = "refused"


class Writer:
    """Plain writes of one model. Subclass it where a table has rules; each method is one transaction.

    ``values`` maps field names to Python values, ``actor`` is the user on whose behalf it happens
    (None for the platform itself). Raises Invalid with field errors, InUse or Refused.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        """Write a new row."""
        row = self.model(**values)
        self._save(row)
        announce("created", row, changed=sorted(values), actor=actor)
        return row

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        """Change the given fields of a row; nothing happens when none differs."""
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return row
        for name in changed:
            setattr(row, name, values[name])
        self._save(row)
        announce("updated", row, changed=changed, actor=actor)
        return row

    def delete(self, row: Any, *, actor: Any = None) -> None:
        """Delete a row, softly where the model says so."""
        key = row.pk
        try:
            with transaction.atomic():
                row.delete()
        except (ProtectedError, IntegrityError) as error:
            raise InUse from error
        row.pk = key
        announce("deleted", row, changed=[], actor=actor)

    def restore(self, row: Any, *, actor: Any = None) -> Any:
        """Bring back a soft-deleted row with all that was deleted with it."""
        try:
            with transaction.atomic():
                deletion.restore(row)
        except IntegrityError as error:
            raise Refused("Another row has taken its place since it was deleted.") from error
        announce("restored", row, changed=[], actor=actor)
        return row

    def _save(self, row: Any) -> None:
        _fill_tenant(row)
        try:
            row.full_clean()
        except ValidationError as error:
            raise invalid(error) from error
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise Refused(_reason(row, error)) from error
        # The database keeps updated_at; the answer and its ETag must show what it wrote.
        if any(field.name == "updated_at" for field in row._meta.fields):
            row.refresh_from_db(fields=["updated_at"])


def _fill_tenant(row: Any) -> None:
    """Give a new row its tenant before it is checked, for a unique key with an empty member is never violated."""
    tenancy = getattr(row, "tenancy", None)
    field = row._meta.get_field(tenancy.field) if tenancy and tenancy.field else None
    if isinstance(field, TenantKey) and row._state.adding:
        field.fill(row)


def invalid(error: ValidationError) -> Invalid:
    """Django's validation error as LAD's, errors of the whole row under ``non_field_errors``."""
    messages = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    return Invalid(
        errors={
            "non_field_errors" if name == NON_FIELD_ERRORS else name: list(texts) for name, texts in messages.items()
        }
    )


def _reason(row: Any, error: IntegrityError) -> str:
    """What the broken constraint says of itself: another tenant's row or a race can break what was checked."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    constraint = next((each for each in row._meta.constraints if each.name == name), None)
    says = getattr(constraint, "violation_error_message", None)
    if says and says != BaseConstraint.default_violation_error_message:
        return str(says)
    return f"The database refuses it: {name}." if name else Refused.default_detail()


def register(model: Any, writer: type[Writer]) -> None:
    """Say that rows of the model are written by this writer."""
    _writers[model] = writer(model)


def writer_for(model: Any) -> Writer:
    """The model's writer."""
    return _writers.get(model) or Writer(model)


def listen(listener: Listener) -> None:
    """Have ``listener(verb, row, changed=…, actor=…)`` called inside the transaction of every change, once."""
    if listener not in _listeners:
        _listeners.append(listener)


def announce(verb: str, row: Any, *, changed: list[str], actor: Any) -> None:
    for listener in _listeners:
        listener(verb, row, changed=changed, actor=actor)


@transaction.atomic
def create(model: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
    """Write a new row of the model."""
    return writer_for(model).create(values, actor=actor)


@transaction.atomic
def update(row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
    """Change a row."""
    return writer_for(type(row)).update(row, values, actor=actor)


@transaction.atomic
def delete(row: Any, *, actor: Any = None) -> None:
    """Delete a row."""
    writer_for(type(row)).delete(row, actor=actor)


@transaction.atomic
def restore(row: Any, *, actor: Any = None) -> Any:
    """Restore a soft-deleted row."""
    return writer_for(type(row)).restore(row, actor=actor)
