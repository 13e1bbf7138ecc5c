"""Keys: time-ordered UUIDs, which keep indexes compact and allow partitioning by id."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from uuid import UUID

from django.db.models import IntegerField, Model
from uuid_utils.compat import uuid7 as _uuid7

_moment: ContextVar[datetime | None] = ContextVar("lad_key_moment", default=None)


def uuid7() -> UUID:
    """Return a new time-ordered UUID (RFC 9562, version 7)."""
    moment = _moment.get()
    return _uuid7() if moment is None else _uuid7(int(moment.timestamp()), moment.microsecond * 1000)


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Make new keys inside as if at that moment. Use it to record history long after it happened."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def first_uuid7(moment: datetime) -> UUID:
    """Return the smallest key that ``uuid7`` makes at that moment or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def uuid_or_none(text: object) -> UUID | None:
    """Return the text as a UUID, or None if it is not one."""
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def as_uuid(key: UUID | int) -> UUID:
    """Return a row's key as events and the audit log store it: a number becomes the UUID of that value."""
    return key if isinstance(key, UUID) else UUID(int=int(key))


def from_uuid(model: type[Model], key: UUID) -> UUID | int:
    """Return the key of the model from which ``as_uuid`` made this UUID."""
    return key.int if isinstance(model._meta.pk, IntegerField) else key


# A time-ordered UUID in SQL, for statements that insert many rows: milliseconds, version, random bits.
TIME_ORDERED_UUID = (
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'"
    " || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
)
