"""Read a consistent snapshot of the database while postings continue."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# Sort and hash in memory on all processors. JIT compilation does not pay for queries of a few seconds.
_SETTINGS = {
    "work_mem": "128MB",
    "jit": "off",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "enable_memoize": "off",
    "idle_in_transaction_session_timeout": "0",
    "statement_timeout": "0",
}


class Cursor(Protocol):
    """The part of Django's and psycopg's cursors that the checks use."""

    def execute(self, query: Any, params: Any = None, /) -> object: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


@contextmanager
def snapshot(*, tenant_id: UUID | None = None) -> Iterator[Cursor]:
    """Yield a cursor in a read-only, repeatable-read transaction, as the platform or as one tenant.

    Uses its own connection, because the isolation level must be set before the first statement.
    """
    with psycopg.connect(**connection.get_connection_params()) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.read_only = True
        with session.cursor() as cursor:
            role = TENANT_ROLE if tenant_id else PLATFORM_ROLE
            query_settings = {**_SETTINGS, "max_parallel_workers_per_gather": str(settings.BILLING_AUDIT_WORKERS)}
            for name, value in {"role": role, "lad.tenant_id": str(tenant_id or ""), **query_settings}.items():
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
            yield cursor
