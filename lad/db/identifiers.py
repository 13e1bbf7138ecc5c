"""Keys: time-ordered UUIDs, so that big tables stay compact and can be partitioned by id."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import IntegerField
from uuid_utils.compat import uuid7 as _uuid7

_moment: ContextVar[datetime | None] = ContextVar("lad_key_moment", default=None)


def uuid7() -> UUID:
    """A new time-ordered UUID (RFC 9562, version 7)."""
    moment = _moment.get()
    return _uuid7() if moment is None else _uuid7(int(moment.timestamp()), moment.microsecond * 1000)


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Have new keys ordered as if made at that moment: for a history that is written after it happened."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def uuid_or_none(text: Any) -> UUID | None:
    """The UUID that the text is, if it is one."""
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def as_uuid(key: Any) -> UUID:
    """A row's key as events and the audit log name it: a number is written as the UUID of that value."""
    return key if isinstance(key, UUID) else UUID(int=int(key))


def from_uuid(model: Any, key: UUID) -> Any:
    """What ``as_uuid`` made of a key of the model, undone."""
    return key.int if isinstance(model._meta.pk, IntegerField) else key


# The same in SQL, for rows that one statement makes by the thousand: milliseconds, version, chance.
TIME_ORDERED_UUID = (
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'"
    " || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
)
