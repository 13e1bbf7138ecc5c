"""Scopes: which tenant's rows the running code may read and write.

A scope owns a transaction, switches the database role and sets the tenant for row-level security. Leaving it
restores the outer scope. Outside any scope nothing can be read.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from django.db import Error, connection, transaction

from lad.postgres.base import DatabaseWrapper

TENANT_ROLE: Final = "lad_app"
PLATFORM_ROLE: Final = "lad_platform"


class NoTenant(RuntimeError):
    """Tenant data was accessed outside a scope: enter tenant_context() first."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The tenant whose rows the code may access, and the user on whose behalf it runs."""

    platform: bool
    tenant_id: UUID | None
    user_id: UUID | None

    @property
    def role(self) -> str:
        """Return the database role of the scope."""
        return PLATFORM_ROLE if self.platform else TENANT_ROLE


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from: the network address, what the program calls itself, and the cookie of its device.

    Each may be empty.
    """

    address: str = ""
    agent: str = ""
    device: str = field(default="", repr=False)


_PLATFORM: Final = Scope(platform=True, tenant_id=None, user_id=None)

# Local to the transaction.
SET_SCOPE: Final = (
    "SELECT set_config('role', %s, true), set_config('lad.tenant_id', %s, true), set_config('lad.user_id', %s, true),"
    " set_config('lad.request_id', %s, true), set_config('lad.source', %s, true),"
    " set_config('lad.client_address', %s, true), set_config('lad.client_agent', %s, true)"
)

NO_CLIENT: Final = Client()

_scope: ContextVar[Scope | None] = ContextVar("lad_scope", default=None)
_request_id: ContextVar[str] = ContextVar("lad_request_id", default="")
_source: ContextVar[str] = ContextVar("lad_source", default="command")
_client: ContextVar[Client] = ContextVar("lad_client", default=NO_CLIENT)


def current_scope() -> Scope | None:
    """Return the current scope, or None."""
    return _scope.get()


def require_scope() -> Scope:
    """Return the current scope. Raises NoTenant outside any scope."""
    scope = _scope.get()
    if scope is None:
        raise NoTenant("No tenant is current: enter tenant_context(tenant_id) or platform_context() first.")
    return scope


def require_no_scope(what: str) -> None:
    """Raise RuntimeError inside a scope, whose transaction would wait for a foreign server."""
    if _scope.get() is not None:
        raise RuntimeError(f"{what} inside a scope, whose transaction would wait. Leave the scope first.")


def current_tenant_id() -> UUID:
    """Return the current tenant. Raises NoTenant if there is none."""
    tenant_id = require_scope().tenant_id
    if tenant_id is None:
        raise NoTenant("The current scope has no tenant: enter tenant_context(tenant_id) first.")
    return tenant_id


def default_tenant_id() -> UUID | None:
    """Return the tenant for a new row that names none."""
    scope = _scope.get()
    return scope.tenant_id if scope else None


def current_user_id() -> UUID | None:
    """Return the user on whose behalf the code runs, if any."""
    scope = _scope.get()
    return scope.user_id if scope else None


def current_request_id() -> str:
    """Return the id of the current request or task, or an empty string."""
    return _request_id.get()


def current_client() -> Client:
    """Return where the current request came from. Tasks and commands have no client."""
    return _client.get()


@contextmanager
def origin(request_id: str, *, source: str, client: Client = NO_CLIENT) -> Iterator[None]:
    """Set the id of the current request or task, its source (api, admin or the task's name) and its client."""
    tokens = _request_id.set(request_id), _source.set(source), _client.set(client)
    try:
        yield
    finally:
        _request_id.reset(tokens[0])
        _source.reset(tokens[1])
        _client.reset(tokens[2])


def tenant_context(tenant_id: UUID, *, user_id: UUID | None = None) -> AbstractContextManager[None]:
    """Work inside one tenant, in one transaction. No other tenant's rows are visible."""
    return _enter(Scope(platform=False, tenant_id=tenant_id, user_id=user_id or current_user_id()))


def platform_context(*, tenant_id: UUID | None = None, user_id: UUID | None = None) -> AbstractContextManager[None]:
    """Work across tenants, in one transaction. For the kernel and for LAD's own staff.

    With ``tenant_id`` the managers return that tenant's rows only; the database role still sees every row.
    """
    return _enter(Scope(platform=True, tenant_id=tenant_id, user_id=user_id or current_user_id()))


def read_across_tenants(query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of one SELECT that runs as the platform role, in one round trip.

    Outside a transaction the statements form one of their own, which ends with them. Inside one, the current
    scope applies again afterwards.
    """
    return _in_one_round_trip(_PLATFORM, query, parameters)


def write_in_tenant(tenant_id: UUID, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Run one statement in a tenant's scope and commit it, in one round trip. Return its rows.

    Inside a transaction it becomes part of that one, and the current scope applies again afterwards.
    """
    return _in_one_round_trip(Scope(platform=False, tenant_id=tenant_id, user_id=current_user_id()), query, parameters)


def _in_one_round_trip(scope: Scope, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    outer = [SET_SCOPE] if connection.in_atomic_block else []
    values = [*_settings(scope), *parameters, *(_settings(_scope.get()) if outer else [])]
    try:
        with connection.cursor() as cursor:
            cursor.execute("; ".join([SET_SCOPE, query, *outer]), values)
            cursor.nextset()
            return list(cursor.fetchall())
    except Error:
        if not outer:
            # Nothing else would notice that the connection is lost.
            connection.close_if_unusable_or_obsolete()
        raise


@contextmanager
def _enter(scope: Scope) -> Iterator[None]:
    outer = _scope.get()
    nested = connection.in_atomic_block
    # The settings apply already if the outer scope is the same. The savepoint is needed all the same.
    differs = nested and scope != outer
    token = None
    try:
        with transaction.atomic() if nested else _transaction(scope):
            if differs:
                _apply(scope)
            token = _scope.set(scope)
            yield
            if differs and not connection.needs_rollback:
                # A rollback restores the outer settings; releasing a savepoint does not.
                _apply(outer)
    finally:
        if token is not None:
            _scope.reset(token)


def _transaction(scope: Scope) -> AbstractContextManager[Any]:
    """Begin a transaction with the scope's settings, in one round trip. Return what ends it."""
    with ExitStack() as entered:
        with cast(DatabaseWrapper, connection).beginning_with(SET_SCOPE, _settings(scope)):
            entered.enter_context(transaction.atomic())
        return entered.pop_all()


def _apply(scope: Scope | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SET_SCOPE, _settings(scope))


def _settings(scope: Scope | None) -> list[str]:
    if scope is None:
        return ["none", "", "", "", "", "", ""]
    client = _client.get()
    return [
        scope.role,
        str(scope.tenant_id or ""),
        str(scope.user_id or ""),
        _request_id.get(),
        _source.get(),
        client.address,
        client.agent,
    ]
