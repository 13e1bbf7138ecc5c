"""Write rows: the one path that the API, the admin and imports use.

A table with rules of its own registers a ``Writer`` and overrides its hooks; every other table gets the plain one.
A write validates the changed fields in Python, writes the changed columns in one statement, and leaves keys,
unique keys and CHECKs to the database, whose violations become the errors of ``lad.db.violations``.

A write opens no savepoint: a refused one spoils the transaction, which a request or task that fails rolls back
anyway. Who goes on after a refused write wraps that write in ``transaction.atomic()``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils.text import capfirst

from lad.db import deletion
from lad.db.fields import TenantKey, TenantUserKey
from lad.db.statements import insert_row, update_row
from lad.db.violations import violated_constraint, violation
from lad.errors import DomainError, InUse, Invalid
from lad.stored_secrets import destinations_of, require_again
from lad.tenancy.members import has_left
from lad.types import Actor, Values

RowT = TypeVar("RowT", bound=models.Model)

FORMER_MEMBER: Final = "This person is not a member of the tenant any more. Choose another one."

# Joins the caller's transaction. Unlike a savepoint it costs no statement.
in_transaction = transaction.atomic(savepoint=False)


class Event(Protocol):
    """An event to emit with a write: ``lad.outbox.emission.NewEvent``, which stands above this module."""

    @property
    def type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Change(Generic[RowT]):
    """One write. ``verb`` is created, updated, deleted or restored.

    ``given`` are the values that the caller passed. ``before`` holds the previous values of the changed fields,
    keys as ids; it is empty for other verbs than updated. ``changed`` names the written fields.
    """

    verb: str
    row: RowT
    actor: Actor
    given: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    changed: Sequence[str] = ()

    @property
    def created(self) -> bool:
        return self.verb == "created"


@dataclass(frozen=True, slots=True)
class LeftDeleted:
    """A row that could not be restored with the one it was deleted with, and why."""

    row: models.Model
    reason: str

    def __str__(self) -> str:
        return f"{capfirst(self.row._meta.verbose_name)} “{self.row}”: {self.reason}"


@dataclass(frozen=True, slots=True)
class Restored(Generic[RowT]):
    """A restored row, and the rows that went with it but stay deleted."""

    row: RowT
    left: Sequence[LeftDeleted] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """A write, the fields that its plain event names, None for no plain event, and the table's own events."""

    change: Change[Any]
    announced: Sequence[str] | None
    events: Sequence[Event]


class Listener(Protocol):
    """Called once for the writes that are made at once."""

    def __call__(self, announcements: Sequence[Announcement], /) -> None: ...


class Writer(Generic[RowT]):
    """Writes rows of one model. A table with rules of its own overrides the hooks, not the methods that write.

    Everything runs in the caller's transaction. ``actor`` is the user on whose behalf it happens, None for LAD
    itself. Raises Invalid with field errors, InUse or Refused.
    """

    # Columns that the table's own triggers set. ``updated_at`` and generated columns are read back anyway.
    set_by_triggers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: type[RowT]) -> None:
        self.model = model

    # Hooks

    def prepare(self, row: RowT | None, values: Values, *, actor: Actor) -> Values:
        """Return the values to write: normalised, completed and checked. ``row`` is None for a new row.

        May lock other rows. Raises the feature's errors.
        """
        return values

    def prepare_many(self, values: Sequence[Values], *, actor: Actor) -> list[Values]:
        """Return what ``prepare`` returns for each of many new rows. Override it to read once what they share."""
        return [self.prepare(None, each, actor=actor) for each in values]

    def announced(self, change: Change[RowT]) -> Sequence[str] | None:
        """Return the fields that the plain event names. None, or no field of an update, emits no plain event."""
        kept = getattr(self.model, "bookkeeping", ())
        return [name for name in change.changed if name not in kept]

    def events(self, change: Change[RowT]) -> Iterable[Event]:
        """Return the table's own events of a write. They are emitted after the plain one, in the same statement."""
        return ()

    def after_save(self, change: Change[RowT]) -> None:
        """Write what follows from a creation or an update in other rows."""

    def refusal(self, row: RowT, error: DomainError, *, constraint: str) -> DomainError:
        """Return the error to raise for a violated constraint. The transaction can run no more statements."""
        return error

    def before_delete(self, row: RowT, *, actor: Actor) -> None:
        """Raise the feature's error if the row must stay."""

    def after_delete(self, row: RowT, *, actor: Actor) -> None:
        """Write what follows from a deletion in other rows."""

    def before_restore(self, row: RowT, *, actor: Actor) -> None:
        """Raise the feature's error if the row cannot return, or change what stands in its way."""

    def after_restore(self, row: RowT, *, actor: Actor) -> None:
        """Write what follows from a restore."""

    # Writes

    def create(self, values: Values, *, actor: Actor = None) -> RowT:
        """Write a new row and return it."""
        prepared = self.prepare(None, values, actor=actor)
        row = self.model(**prepared)
        _fill_tenant(row)
        _validate(row, None)
        self._execute(row, None)
        self._finish(Change("created", row, actor, values, changed=sorted(prepared)))
        return row

    def create_many(self, values: Sequence[Values], *, actor: Actor = None) -> list[RowT]:
        """Write new rows in one statement and return them. What the database sets on them is not read back.

        One row that is refused refuses all of them.
        """
        prepared = self.prepare_many(values, actor=actor)
        rows = [self.model(**each) for each in prepared]
        for row in rows:
            _fill_tenant(row)
            _validate(row, None)
        if rows:
            with self._refusing(rows[0], None):
                self.model._base_manager.bulk_create(rows)
        self._finish_many(
            [
                Change("created", row, actor, given, changed=sorted(each))
                for row, given, each in zip(rows, values, prepared, strict=True)
            ]
        )
        return rows

    def update(self, row: RowT, values: Values, *, actor: Actor = None) -> RowT:
        """Change the given fields of a row and return it. If no value differs, write nothing."""
        change = self._changed(row, values, actor)
        if change.changed:
            self._execute(row, change.changed)
            self._finish(change)
        return row

    def update_many(self, given: Sequence[tuple[RowT, Values]], *, actor: Actor = None) -> list[Change[RowT]]:
        """Change rows that the caller has locked, in one statement, and return the changes of those that differ.

        What the database sets on them is not read back. One row that is refused refuses all of them.
        """
        changes = [change for row, values in given if (change := self._changed(row, values, actor)).changed]
        names = {name for change in changes for name in change.changed}
        if changes:
            with self._refusing(changes[0].row, sorted(names)):
                self.model._base_manager.bulk_update([change.row for change in changes], sorted(names))
        self._finish_many(changes)
        return changes

    def delete(self, row: RowT, *, actor: Actor = None) -> None:
        """Delete a row, softly if its model is soft-deletable."""
        self.before_delete(row, actor=actor)
        key = row.pk
        try:
            with in_transaction:
                row.delete()
        except (ProtectedError, IntegrityError) as error:
            raise InUse from error
        row.pk = key
        self._announce(Change("deleted", row, actor))
        self.after_delete(row, actor=actor)

    def restore(self, row: RowT, *, actor: Actor = None) -> "Restored[RowT]":
        """Restore a soft-deleted row with the rows that were deleted with it.

        Of those, the ones whose place was taken since stay deleted.
        """
        self.before_restore(row, actor=actor)
        left: list[LeftDeleted] = []
        try:
            with transaction.atomic():
                deletion.restore(row)
        except IntegrityError:
            left = _restore_one_by_one(row, actor)
        self._announce(Change("restored", row, actor))
        self.after_restore(row, actor=actor)
        return Restored(row, left)

    def _changed(self, row: RowT, values: Values, actor: Actor) -> Change[RowT]:
        """Set the values that differ on the row and return the change, which may be none."""
        prepared = self.prepare(row, values, actor=actor)
        before = {name: stored_value(row, name) for name in differing(row, prepared)}
        destinations = destinations_of(row)
        for name in before:
            setattr(row, name, prepared[name])
        require_again(row, destinations, prepared)
        _validate(row, before)
        changed = sorted(name for name, value in before.items() if stored_value(row, name) != value)
        return Change("updated", row, actor, values, {name: before[name] for name in changed}, changed)

    def _execute(self, row: RowT, changed: Sequence[str] | None) -> None:
        """Run the INSERT, or the UPDATE of the changed columns."""
        with self._refusing(row, changed):
            if changed is None:
                insert_row(row, returning=self.set_by_triggers)
            else:
                update_row(row, changed, returning=self.set_by_triggers)

    @contextmanager
    def _refusing(self, row: RowT, changed: Sequence[str] | None) -> Iterator[None]:
        """Raise what a violated constraint means for the row. Without ``changed`` all columns are written."""
        try:
            yield
        except IntegrityError as error:
            written = [each.name for each in row._meta.concrete_fields] if changed is None else changed
            refused = violation(row, error, written=written)
            raise self.refusal(row, refused, constraint=violated_constraint(error)) from error

    def _finish(self, change: Change[RowT]) -> None:
        self._finish_many([change])

    def _finish_many(self, changes: Sequence[Change[RowT]]) -> None:
        self._announce(*changes)
        for change in changes:
            self.after_save(change)

    def _announce(self, *changes: Change[RowT]) -> None:
        announcements = []
        for change in changes:
            announced = self.announced(change)
            if change.verb == "updated" and not announced:
                announced = None
            announcements.append(Announcement(change, announced, list(self.events(change))))
        for listener in _listeners:
            listener(announcements)


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
    """Call the listener inside the transaction of all writes. Registering it twice has no effect."""
    if listener not in _listeners:
        _listeners.append(listener)


@in_transaction
def create(model: type[RowT], values: Values, *, actor: Actor = None) -> RowT:
    """Write a new row of the model and return it."""
    return writer_for(model).create(values, actor=actor)


@in_transaction
def create_many(model: type[RowT], values: Sequence[Values], *, actor: Actor = None) -> list[RowT]:
    """Write new rows of the model in one statement and return them. One that is refused refuses all of them."""
    return writer_for(model).create_many(values, actor=actor)


@in_transaction
def update_many(model: type[RowT], given: Sequence[tuple[RowT, Values]], *, actor: Actor = None) -> list[Change[RowT]]:
    """Change rows that the caller has locked, in one statement, and return the changes of those that differ."""
    return writer_for(model).update_many(given, actor=actor)


@in_transaction
def update(row: RowT, values: Values, *, actor: Actor = None) -> RowT:
    """Change a row and return it."""
    return writer_for(type(row)).update(row, values, actor=actor)


@in_transaction
def delete(row: models.Model, *, actor: Actor = None) -> None:
    """Delete a row."""
    writer_for(type(row)).delete(row, actor=actor)


@in_transaction
def restore(row: RowT, *, actor: Actor = None) -> Restored[RowT]:
    """Restore a soft-deleted row. Return it with what stays deleted."""
    return writer_for(type(row)).restore(row, actor=actor)


def differing(row: models.Model, values: Values) -> list[str]:
    """Return the names of the values that differ from the row's, sorted. A key is compared by its id, unread."""
    return sorted(name for name, value in values.items() if stored_value(row, name) != _as_stored(row, name, value))


def stored_value(row: models.Model, name: str) -> Any:
    """Return a field's value as its column holds it: of a key the id."""
    return getattr(row, _attribute(row, name))


def fixed_fields(row: models.Model, values: Values, names: Collection[str], message: str) -> None:
    """Raise Invalid with the message at each of the named fields that the values would change."""
    changed = [name for name in differing(row, values) if name in names]
    if changed:
        raise Invalid(errors={name: [message] for name in changed})


def require_not_past(row: models.Model | None, values: Values, messages: Mapping[str, str], *, now: datetime) -> None:
    """Raise Invalid with its message at each of the named times that the values set to one that has passed.

    A time that the row has already may stay.
    """
    given = {name: values[name] for name in messages if isinstance(values.get(name), datetime)}
    passed = [name for name in (given if row is None else differing(row, given)) if given[name] < now]
    if passed:
        raise Invalid(errors={name: [messages[name]] for name in passed})


def invalid(error: ValidationError) -> Invalid:
    """Convert Django's validation error. Errors of the whole row go to ``non_field_errors``."""
    messages = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    return Invalid(
        errors={
            "non_field_errors" if name == NON_FIELD_ERRORS else name: list(texts) for name, texts in messages.items()
        }
    )


def _restore_one_by_one(row: models.Model, actor: Actor) -> list[LeftDeleted]:
    """Restore the row and what went with it, as far as possible. Raise the error of the row itself."""
    left: list[LeftDeleted] = []
    stays: set[Any] = set()
    for each, went_with in list(deletion.deleted_with(row)):
        error = None if went_with in stays else _restore_alone(each, actor, checked=each is row)
        if error is not None and each is row:
            raise error
        if error is not None or went_with in stays:
            stays.add(each.pk)
            left.append(LeftDeleted(each, error.detail if error else "What it belongs to stays deleted."))
    row.refresh_from_db(from_queryset=type(row).all_objects.all())  # type: ignore[attr-defined]
    return left


def _restore_alone(row: models.Model, actor: Actor, *, checked: bool) -> DomainError | None:
    """Restore one row. Return why that is impossible."""
    writer = writer_for(type(row))
    try:
        with transaction.atomic():
            if not checked:
                writer.before_restore(row, actor=actor)
            deletion.restore_alone(row)
    except DomainError as error:
        return error
    except IntegrityError as error:
        refused = violation(row, error, written=())
        return writer.refusal(row, refused, constraint=violated_constraint(error))
    return None


def _attribute(row: models.Model, name: str) -> str:
    found = row._meta._forward_fields_map.get(name)  # type: ignore[attr-defined]  # get_field() without its checks
    return str(found.attname) if found is not None else name


def _as_stored(row: models.Model, name: str, value: Any) -> Any:
    if isinstance(value, models.Model) and _attribute(row, name) != name:
        target = row._meta.get_field(name).target_field  # type: ignore[union-attr]
        return getattr(value, target.attname)
    return value


def _validate(row: models.Model, names: Collection[str] | None) -> None:
    """Run the validators of the named fields, or of all, none of which asks the database. Raise Invalid."""
    exclude = () if names is None else {each.name for each in row._meta.fields if each.name not in names}
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        raise invalid(error) from error
    _require_members(row, exclude)


def _require_members(row: models.Model, exclude: Collection[str]) -> None:
    """Raise Invalid at a key to a user who has left the tenant. Keys that are not written may keep one."""
    for each in row._meta.concrete_fields:
        if not isinstance(each, TenantUserKey) or not each.member or each.name in exclude:
            continue
        key = getattr(row, each.attname)
        if key is not None and has_left(key, row._state.fields_cache.get(each.name)):
            raise Invalid(errors={each.name: [FORMER_MEMBER]})


def _fill_tenant(row: models.Model) -> None:
    """Set the tenant of a new row before validation, which requires it."""
    tenancy = getattr(row, "tenancy", None)
    key = row._meta.get_field(tenancy.field) if tenancy and tenancy.field else None
    if isinstance(key, TenantKey):
        key.fill(row)
