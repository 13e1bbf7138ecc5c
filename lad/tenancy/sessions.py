"""Store sessions in the database as the platform role: a session is read before its tenant is known."""

from hashlib import sha256
from typing import Any, Final

from django.contrib.sessions.backends import db

from lad.tenancy.context import platform_context

# The column of Django's table holds 40 characters.
STORED_KEY_LENGTH: Final = 40


def stored_key(session_key: str) -> str:
    """Return the key of the row for the secret in a browser's cookie: a hash, so that the table opens no session."""
    return sha256(session_key.encode()).hexdigest()[:STORED_KEY_LENGTH]


class SessionStore(db.SessionStore):
    """Django's database sessions, read and written in platform scopes, under hashed keys."""

    def exists(self, session_key: str) -> bool:
        with platform_context():
            return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored_key(row.session_key)
        return row

    def save(self, must_create: bool = False) -> None:
        with platform_context():
            super().save(must_create=must_create)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            with platform_context():
                super().delete(stored_key(key))

    @classmethod
    def clear_expired(cls) -> None:
        with platform_context():
            super().clear_expired()

    @classmethod
    def get_model_class(cls) -> Any:
        return db.SessionStore.get_model_class()
