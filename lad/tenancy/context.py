"""The one place that says whose rows this code may touch.

A scope owns a transaction, switches the database role and sets the tenant for row-level
security; leaving it restores the scope around it. Outside any scope nothing can be read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction

TENANT_ROLE: Final = "lad_app"
PLATFORM_ROLE: Final = "lad_platform"


class NoTenant(RuntimeError):
    """A tenant's data was asked for while no tenant is current: enter tenant_context() first."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows the code may touch, and on whose behalf."""

    platform: bool
    tenant_id: UUID | None
    user_id: UUID | None

    @property
    def role(self) -> str:
        return PLATFORM_ROLE if self.platform else TENANT_ROLE


_scope: ContextVar[Scope | None] = ContextVar("lad_scope", default=None)
_request_id: ContextVar[str] = ContextVar("lad_request_id", default="")
_source: ContextVar[str] = ContextVar("lad_source", default="command")


def current_scope() -> Scope | None:
    """The scope in force, or None."""
    return _scope.get()


def require_scope() -> Scope:
    """The scope in force. Raises NoTenant without one."""
    scope = _scope.get()
    if scope is None:
        raise NoTenant("No tenant is current: enter tenant_context(tenant_id) or platform_context() first.")
    return scope


def current_tenant_id() -> UUID:
    """The current tenant. Raises NoTenant without one."""
    tenant_id = require_scope().tenant_id
    if tenant_id is None:
        raise NoTenant("This runs for the platform as a whole: enter tenant_context(tenant_id) to work in a tenant.")
    return tenant_id


def default_tenant_id() -> UUID | None:
    """The tenant a new row gets when none is given."""
    scope = _scope.get()
    return scope.tenant_id if scope else None


def current_user_id() -> UUID | None:
    """The user on whose behalf the code runs, if any."""
    scope = _scope.get()
    return scope.user_id if scope else None


def current_request_id() -> str:
    """The id of the request or task in progress, or an empty string."""
    return _request_id.get()


@contextmanager
def origin(request_id: str, *, source: str) -> Iterator[None]:
    """Name the request or task in progress and where it comes from: api, admin or the task's name."""
    tokens = _request_id.set(request_id), _source.set(source)
    try:
        yield
    finally:
        _request_id.reset(tokens[0])
        _source.reset(tokens[1])


@contextmanager
def tenant_context(tenant_id: UUID, *, user_id: UUID | None = None) -> Iterator[None]:
    """Work inside one tenant, seeing nothing else; everything commits or rolls back together."""
    with _enter(Scope(platform=False, tenant_id=tenant_id, user_id=user_id or current_user_id())):
        yield


@contextmanager
def platform_context(*, tenant_id: UUID | None = None, user_id: UUID | None = None) -> Iterator[None]:
    """Work across tenants: the named bypass, for the kernel and for platform staff.

    With ``tenant_id`` the managers narrow to that tenant, while the role still sees every row.
    """
    with _enter(Scope(platform=True, tenant_id=tenant_id, user_id=user_id or current_user_id())):
        yield


@contextmanager
def _enter(scope: Scope) -> Iterator[None]:
    outer = _scope.get()
    nested = connection.in_atomic_block
    token = None
    try:
        with transaction.atomic():
            _apply(scope)
            token = _scope.set(scope)
            yield
            if nested and not connection.needs_rollback:
                # A rollback or the end of the transaction restores the outer settings; a release does not.
                _apply(outer)
    finally:
        if token is not None:
            _scope.reset(token)


def _apply(scope: Scope | None) -> None:
    values = ["none", "", "", "", ""]
    if scope is not None:
        values = [
            scope.role,
            str(scope.tenant_id or ""),
            str(scope.user_id or ""),
            _request_id.get(),
            _source.get(),
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('lad.tenant_id', %s, true),"
            " set_config('lad.user_id', %s, true), set_config('lad.request_id', %s, true),"
            " set_config('lad.source', %s, true)",
            values,
        )
