"""Rows written behind Django's back, to see what the database itself refuses."""

from datetime import UTC, datetime
from typing import Any

from billing.ledger.models import LedgerTransaction
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context
from tests.contract.catalogue import factory_of
from tests.contract.sql import execute, insert_copy, table

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def made(model: Any, tenant: Any, **values: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        return factory_of(model)(**values)


def write(row: Any, values: dict[str, Any]) -> None:
    model = type(row)
    if model.append_only:
        fresh = {"idempotency_key": str(uuid7())} if model is LedgerTransaction else {}
        insert_copy(row, {**fresh, **values})
    else:
        assignments = ", ".join(f"{name} = %s" for name in values)
        assert execute(f"UPDATE {table(model)} SET {assignments} WHERE id = %s", [*values.values(), row.pk]) == 1
