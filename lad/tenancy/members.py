"""Extension point: the app with the memberships registers who a tenant's members are."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from lad.tenancy.context import current_scope

_MEMBER_OF: Final = "lad_member_of"

# A queryset of user ids, for use in a subquery. With ``former`` it includes people who left.
MemberIds = Callable[..., QuerySet[Any, UUID]]


def _unknown(*, former: bool = False) -> QuerySet[Any, UUID]:
    raise ImproperlyConfigured("No app has called register_member_ids().")


_member_ids: MemberIds = _unknown


def register_member_ids(source: MemberIds) -> None:
    """Register the function that returns a queryset of the user ids of the current tenant's members."""
    global _member_ids
    _member_ids = source


def member_ids(*, former: bool = False) -> QuerySet[Any, UUID]:
    """Return a queryset of the user ids of the current tenant's members, with ``former`` also of those who left."""
    return _member_ids(former=former)


def mark_as_member(user: Any) -> None:
    """Remember on the row that the user was found among the current tenant's members."""
    scope = current_scope()
    vars(user)[_MEMBER_OF] = scope.tenant_id if scope is not None else None


def has_left(user_id: UUID, user: Any = None) -> bool:
    """Return whether the user was a member of the current tenant and is none now.

    ``user`` is their row, if it was read already. Outside of a single tenant nobody counts as gone.
    """
    scope = current_scope()
    if scope is None or scope.tenant_id is None:
        return False
    if user is not None and vars(user).get(_MEMBER_OF) == scope.tenant_id:
        return False
    return not _includes(member_ids(), user_id) and _includes(member_ids(former=True), user_id)


def _includes(ids: QuerySet[Any, UUID], user_id: UUID) -> bool:
    return ids.filter(user=user_id).exists()
