"""The keys that sign LAD's tokens: JWT_SIGNING_KEYS, the newest first. The newest signs, all of them verify."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def newest_key() -> tuple[str, str]:
    """Return the id and the key that sign new tokens. Raises ImproperlyConfigured if there is none."""
    if not settings.JWT_SIGNING_KEYS:
        raise ImproperlyConfigured("Set JWT_SIGNING_KEYS to one or more secrets, the newest first.")
    key = settings.JWT_SIGNING_KEYS[0]
    return key_id(key), key


def find_key(wanted_id: str, keys: Iterable[str]) -> str | None:
    """Return the key with this id, or None."""
    return next((key for key in keys if key_id(key) == wanted_id), None)


def key_id(key: str) -> str:
    """Return the id that tokens name the key by; it does not reveal the key."""
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:16]
