"""Find missing guards of the billing tables: checks, keys, triggers, row-level security, NOT NULL and grants.

The models declare which guards must exist, so a guard that was dropped in the database is found.
"""

from collections.abc import Iterator
from typing import Final

from django.apps import apps
from django.db import models

from billing.audit.checks.snapshot import Cursor
from lad.db.constraints import KeyConstraint, NoOverlap, RowSecurity, Trigger
from lad.db.fields import TenantForeignKey
from lad.db.models import LadModel
from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

NAMED: Final = (models.CheckConstraint, models.UniqueConstraint, KeyConstraint, NoOverlap, Trigger)

# Disabled triggers, keys that were not validated and invalid indexes count as missing.
GUARDS_IN_PLACE: Final = """
SELECT relation.relname, guard.name
FROM pg_class AS relation
CROSS JOIN LATERAL (
    SELECT conname FROM pg_constraint WHERE conrelid = relation.oid AND convalidated
    UNION SELECT tgname FROM pg_trigger WHERE tgrelid = relation.oid AND tgenabled IN ('O', 'A')
    UNION SELECT key.relname FROM pg_index JOIN pg_class AS key ON key.oid = indexrelid
          WHERE indrelid = relation.oid AND indisunique AND indisvalid
    UNION SELECT 'not null ' || attname FROM pg_attribute
          WHERE attrelid = relation.oid AND attnotnull AND attnum > 0 AND NOT attisdropped
    UNION SELECT 'row-level security' WHERE relation.relrowsecurity AND relation.relforcerowsecurity
    UNION SELECT 'keys are checked' WHERE NOT EXISTS (
          SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgisinternal AND tgenabled NOT IN ('O', 'A'))
    UNION SELECT 'append-only for ' || role FROM unnest(%(roles)s::text[]) AS role
          WHERE NOT has_any_column_privilege(role, relation.oid, 'UPDATE')
                AND NOT has_table_privilege(role, relation.oid, 'DELETE, TRUNCATE')
) AS guard (name)
WHERE relation.relname = ANY (%(tables)s) AND relation.relnamespace = current_schema()::regnamespace
"""

# Other checks cover these keys.
CHECKED_ELSEWHERE: Final = {
    ("billing_ledger_transactions", "wallet"),
    ("billing_usage_events", "ledger_transaction"),
}
KEYS_ACROSS_TENANTS: Final = """
SELECT child.tenant_id, child.id, child.{column} FROM {table} AS child
LEFT JOIN {target} AS parent ON parent.tenant_id = child.tenant_id AND parent.id = child.{column}
WHERE child.{column} IS NOT NULL AND parent.id IS NULL
"""


def billing_models() -> list[type[LadModel]]:
    """Return the models of the billing app."""
    return [model for model in apps.get_app_config("billing").get_models() if issubclass(model, LadModel)]


def missing(cursor: Cursor) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each declared guard that is missing, with its table."""
    declared = {model._meta.db_table: set(_declared(model)) for model in billing_models()}
    cursor.execute(GUARDS_IN_PLACE, {"tables": list(declared), "roles": [TENANT_ROLE, PLATFORM_ROLE]})
    in_place: set[tuple[str, str]] = set(cursor.fetchall())
    for table, names in sorted(declared.items()):
        for name in sorted(names):
            if (table, name) not in in_place:
                yield table, {"id": name}


def is_in_place(cursor: Cursor, name: str) -> bool:
    """Return whether the unique key exists and is valid."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisunique AND indisvalid)", [name]
    )
    return bool(cursor.fetchone()[0])


def keys_across_tenants() -> Iterator[tuple[str, str]]:
    """Yield the table and the query that finds violations for each key that must stay within a tenant."""
    for model in billing_models():
        table = model._meta.db_table
        for key in model._meta.concrete_fields:
            if isinstance(key, TenantForeignKey) and (table, key.name) not in CHECKED_ELSEWHERE:
                target = key.related_model._meta.db_table
                yield table, KEYS_ACROSS_TENANTS.format(table=table, column=key.column, target=target)


def _declared(model: type[LadModel]) -> Iterator[str]:
    yield "keys are checked"
    if model.append_only:
        yield from (f"append-only for {role}" for role in (TENANT_ROLE, PLATFORM_ROLE))
    for constraint in model._meta.constraints:
        if isinstance(constraint, RowSecurity):
            yield "row-level security"
        elif isinstance(constraint, NAMED):
            yield constraint.name
    for column in model._meta.concrete_fields:
        if not column.null and not isinstance(column, models.GeneratedField):
            yield f"not null {column.column}"
