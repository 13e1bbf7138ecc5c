"""Write rows: the one path that the API, the admin and imports use.

A table with rules of its own registers a ``Writer``; every other table gets the plain one. Listeners are
called inside the transaction of each change. The outbox listens and turns changes into domain events.
"""

from typing import Any, Generic, Protocol, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import BaseConstraint, ProtectedError

from lad.db import deletion
from lad.db.fields import TenantKey
from lad.errors import Conflict, Invalid
from lad.types import Actor, Values

RowT = TypeVar("RowT", bound=models.Model)


class Listener(Protocol):
    """Called after each change. ``verb`` is created, updated, deleted or restored; ``changed`` names fields."""

    def __call__(self, verb: str, row: models.Model, *, changed: list[str], actor: Actor) -> None: ...


class InUse(Conflict):
    """Other rows still refer to it; remove or move them first."""

    code = "in_use"


class Refused(Conflict):
    """The change would break a rule of the table."""

    code = "refused"


class Writer(Generic[RowT]):
    """Writes rows of one model. Subclass it where a table has rules of its own.

    Each method runs in the caller's transaction. ``actor`` is the user on whose behalf it happens, None for
    LAD itself. Raises Invalid with field errors, InUse or Refused.
    """

    def __init__(self, model: type[RowT]) -> None:
        self.model = model

    def create(self, values: Values, *, actor: Actor = None) -> RowT:
        """Write a new row and return it."""
        row = self.model(**values)
        self._save(row)
        announce("created", row, changed=sorted(values), actor=actor)
        return row

    def update(self, row: RowT, values: Values, *, actor: Actor = None) -> RowT:
        """Change the given fields of a row and return it. If no value differs, write nothing."""
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return row
        for name in changed:
            setattr(row, name, values[name])
        self._save(row)
        announce("updated", row, changed=changed, actor=actor)
        return row

    def delete(self, row: RowT, *, actor: Actor = None) -> None:
        """Delete a row, softly if its model is soft-deletable."""
        key = row.pk
        try:
            with transaction.atomic():
                row.delete()
        except (ProtectedError, IntegrityError) as error:
            raise InUse from error
        row.pk = key
        announce("deleted", row, changed=[], actor=actor)

    def restore(self, row: RowT, *, actor: Actor = None) -> RowT:
        """Restore a soft-deleted row with all rows that were deleted with it."""
        try:
            with transaction.atomic():
                deletion.restore(row)
        except IntegrityError as error:
            raise Refused("Another row has taken its place since it was deleted.") from error
        announce("restored", row, changed=[], actor=actor)
        return row

    def _save(self, row: RowT) -> None:
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
        # A trigger sets updated_at; the response and its ETag must show that value.
        if any(field.name == "updated_at" for field in row._meta.fields):
            row.refresh_from_db(fields=["updated_at"])


# Writers of different models stand in one mapping; writer_for() returns the one typed for its model.
_writers: dict[type[models.Model], Writer[Any]] = {}
_listeners: list[Listener] = []


def register(model: type[RowT], writer: type[Writer[RowT]]) -> None:
    """Use this writer for rows of the model."""
    _writers[model] = writer(model)


def writer_for(model: type[RowT]) -> Writer[RowT]:
    """Return the model's writer."""
    return _writers.get(model) or Writer(model)


def listen(listener: Listener) -> None:
    """Call the listener inside the transaction of every change. Registering it twice has no effect."""
    if listener not in _listeners:
        _listeners.append(listener)


def announce(verb: str, row: models.Model, *, changed: list[str], actor: Actor) -> None:
    """Call the listeners with a change."""
    for listener in _listeners:
        listener(verb, row, changed=changed, actor=actor)


@transaction.atomic
def create(model: type[RowT], values: Values, *, actor: Actor = None) -> RowT:
    """Write a new row of the model and return it."""
    return writer_for(model).create(values, actor=actor)


@transaction.atomic
def update(row: RowT, values: Values, *, actor: Actor = None) -> RowT:
    """Change a row and return it."""
    return writer_for(type(row)).update(row, values, actor=actor)


@transaction.atomic
def delete(row: models.Model, *, actor: Actor = None) -> None:
    """Delete a row."""
    writer_for(type(row)).delete(row, actor=actor)


@transaction.atomic
def restore(row: RowT, *, actor: Actor = None) -> RowT:
    """Restore a soft-deleted row and return it."""
    return writer_for(type(row)).restore(row, actor=actor)


def invalid(error: ValidationError) -> Invalid:
    """Convert Django's validation error. Errors of the whole row go to ``non_field_errors``."""
    messages = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    return Invalid(
        errors={
            "non_field_errors" if name == NON_FIELD_ERRORS else name: list(texts) for name, texts in messages.items()
        }
    )


def _fill_tenant(row: models.Model) -> None:
    """Set the tenant of a new row before validation: unique keys with an empty member are never checked."""
    tenancy = getattr(row, "tenancy", None)
    field = row._meta.get_field(tenancy.field) if tenancy and tenancy.field else None
    if isinstance(field, TenantKey) and row._state.adding:
        field.fill(row)


def _reason(row: models.Model, error: IntegrityError) -> str:
    """Return the message of the constraint that the database found violated."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    constraint = next((each for each in row._meta.constraints if each.name == name), None)
    message = getattr(constraint, "violation_error_message", None)
    if message and message != BaseConstraint.default_violation_error_message:
        return str(message)
    return f"The change breaks the rule {name}." if name else Refused.default_detail()
