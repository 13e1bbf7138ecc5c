"""Accounts as the platform's staff keep them."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from lad import writes
from lad.errors import Conflict
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Role


class OwnsTenants(Conflict):
    """This person owns a tenant: transfer its ownership first."""

    code = "owns_tenants"


def deactivate(*, user: User, actor: Any = None) -> User:
    """Shut an account out everywhere and end its sessions. Idempotent."""
    row: User = writes.update(user, {"is_active": False}, actor=actor)
    return row


class UserWriter(writes.Writer):
    """No tenant loses its owner by an account's deletion, and a closed account's sessions end."""

    def update(self, row: User, values: Mapping[str, Any], *, actor: Any = None) -> User:
        updated: User = super().update(row, values, actor=actor)
        if not updated.is_active:
            _end_sessions(updated)
        return updated

    def delete(self, row: User, *, actor: Any = None) -> None:
        with platform_context():
            owned = Membership.objects.filter(user=row.pk, role=Role.OWNER).select_related("tenant")
            names = [membership.tenant.name for membership in owned]
        if names:
            raise OwnsTenants(f"{row.email} owns {', '.join(names)}: transfer the ownership first.")
        super().delete(row, actor=actor)
        _end_sessions(row)


def _end_sessions(user: User) -> None:
    sessions.sign_out(user=user, everywhere=True, now=timezone.now())


writes.register(User, UserWriter)
