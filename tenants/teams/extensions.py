"""Let features above this one act when a member loses access to a tenant."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

AccessEnded = Callable[[UUID, UUID, datetime], None]

_callbacks: list[AccessEnded] = []


def on_access_ended(callback: AccessEnded) -> None:
    """Register ``callback(user_id, tenant_id, now)``; it runs in the transaction that ends the membership."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def access_ended(*, user_id: UUID, tenant_id: UUID, now: datetime) -> None:
    """Run every registered callback. Needs a platform scope of the tenant."""
    for callback in _callbacks:
        callback(user_id, tenant_id, now)
