"""Extension point: the app with the memberships registers who a tenant's members are."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

# A queryset of user ids, for use in a subquery.
MemberIds = Callable[[], QuerySet[Any, UUID]]


def _unknown() -> QuerySet[Any, UUID]:
    raise ImproperlyConfigured("No app has called register_member_ids().")


_member_ids: MemberIds = _unknown


def register_member_ids(source: MemberIds) -> None:
    """Register the function that returns a queryset of the user ids of the current tenant's members."""
    global _member_ids
    _member_ids = source


def member_ids() -> QuerySet[Any, UUID]:
    """Return a queryset of the user ids of the current tenant's members."""
    return _member_ids()
