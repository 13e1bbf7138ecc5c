"""One moment of the database, read in peace while postings go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# Sorting and hashing in memory, on all processors, and without compiling what runs for seconds only.
_PACE = {
    "work_mem": "128MB",
    "jit": "off",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "enable_memoize": "off",
    "idle_in_transaction_session_timeout": "0",
    "statement_timeout": "0",
}


@contextmanager
def snapshot(*, tenant_id: UUID | None = None) -> Iterator[Any]:
    """A cursor in a read-only, repeatable-read transaction of its own, as the platform or inside one tenant.

    It has its own connection: the isolation of a transaction is chosen before its first statement, and
    entering a scope is one.
    """
    with psycopg.connect(**connection.get_connection_params()) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.read_only = True
        with session.cursor() as cursor:
            role = TENANT_ROLE if tenant_id else PLATFORM_ROLE
            pace = {**_PACE, "max_parallel_workers_per_gather": str(settings.BILLING_AUDIT_WORKERS)}
            for name, value in {"role": role, "lad.tenant_id": str(tenant_id or ""), **pace}.items():
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
            yield cursor
