"""Who the current tenant's members are: asked by the kernel, answered by the app that has memberships."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MemberIds = Callable[[], Any]


def _unknown() -> Any:
    raise ImproperlyConfigured("No app has registered who the members of a tenant are.")


_member_ids: MemberIds = _unknown


def register_member_ids(source: MemberIds) -> None:
    """Register the function that returns a queryset of the user ids of the current tenant's members."""
    global _member_ids
    _member_ids = source


def member_ids() -> Any:
    """Return a queryset of the user ids of the current tenant's members."""
    return _member_ids()
