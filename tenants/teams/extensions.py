"""Let features above this one act when a member loses access to a tenant, and hand over what the member holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from lad.tenancy.access import Access
from tenants.accounts.models import User

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


@dataclass(frozen=True, slots=True)
class Holding:
    """A kind of rows that a member holds and another member can take over. ``name`` is their noun, such as leads.

    ``count(user_id)`` returns how many the member holds in the current tenant. ``hand_over(user_id, to, access)``
    gives them to another member on behalf of the caller and returns a sentence for each row that had to stay, and for
    what goes on in the background. ``right`` is what the caller needs for it.
    """

    name: str
    right: str
    count: Callable[[UUID], int]
    hand_over: Callable[[UUID, User, Access], Sequence[str]]


_holdings: Final[dict[str, Holding]] = {}


def add_holding(holding: Holding) -> None:
    """Register a kind of rows to hand over. They are handed over in the order of registration."""
    _holdings[holding.name] = holding


def holdings() -> list[Holding]:
    """Return all registered kinds."""
    return list(_holdings.values())
