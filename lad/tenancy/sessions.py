"""Store sessions in the database as the platform role: a session is read before its tenant is known."""

from typing import Any

from django.contrib.sessions.backends import db

from lad.tenancy.context import platform_context


class SessionStore(db.SessionStore):
    """Django's database sessions, read and written in platform scopes."""

    def load(self) -> Any:
        with platform_context():
            return super().load()

    def exists(self, session_key: str) -> bool:
        with platform_context():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with platform_context():
            super().save(must_create=must_create)

    def delete(self, session_key: str | None = None) -> None:
        with platform_context():
            super().delete(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        with platform_context():
            super().clear_expired()

    @classmethod
    def get_model_class(cls) -> Any:
        return db.SessionStore.get_model_class()
