"""Statements over many rows are packed into few entries, and each row keeps its complete history."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.audit.models import AuditEntry
from lad.audit.selectors import history
from lad.audit.trigger import FEW_ROWS
from lad.db.fields import SECRET_MASK
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.tenants import TenantFactory
from tests.support.database import superuser_connection

pytestmark = pytest.mark.django_db

MANY = 3 * FEW_ROWS


def make_many(count: int = MANY, **values: Any) -> list[TenantFeature]:
    return TenantFeature.objects.bulk_create(
        [TenantFeature(feature_key=f"feature-{n}", **values) for n in range(count)]
    )


def history_of(row_id: UUID, *names: str) -> list[tuple[str, dict[str, tuple[str, str]]]]:
    """Return the row's history, optionally of the named fields only, oldest first."""
    return [
        (
            entry.action,
            {change.name: (change.old, change.new) for change in entry.changes if not names or change.name in names},
        )
        for entry in reversed(history(TenantFeature, row_id))
    ]


def execute(sql: str, *arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)


def test_many_rows_inserted_at_once_take_few_entries(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        make_many(5 * 1000)
        entries = AuditEntry.objects.filter(table_name="tenant_features")

        assert sum(entry.row_count for entry in entries) == 5 * 1000
        assert len(entries) <= 8


def test_each_row_of_a_packed_entry_has_its_own_history(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        keys = [row.pk for row in make_many(config={"limit": 5})]
        TenantFeature.objects.update(enabled=False)
        execute("UPDATE tenant_features SET feature_key = replace(feature_key, 'feature', 'renamed')")
        execute("DELETE FROM tenant_features")

        for number in (0, 7, MANY - 1):
            before, after = f"feature-{number}", f"renamed-{number}"
            assert history_of(keys[number], "feature_key", "enabled", "config") == [
                ("Created", {"feature_key": ("", before), "enabled": ("", "yes"), "config": ("", '{"limit": 5}')}),
                ("Changed", {"enabled": ("yes", "no")}),
                ("Changed", {"feature_key": (before, after)}),
                ("Deleted", {"feature_key": (after, ""), "enabled": ("no", ""), "config": ('{"limit": 5}', "")}),
            ]
        assert AuditEntry.objects.filter(table_name="tenant_features").count() == 4


def test_rows_that_a_large_update_did_not_change_are_left_out(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        on = make_many(MANY, enabled=True)[0]
        execute("UPDATE tenant_features SET enabled = false WHERE feature_key LIKE '%%7'")
        off = TenantFeature.objects.get(feature_key="feature-7")
        TenantFeature.objects.update(enabled=False)

        assert [entry for entry, _ in history_of(on.pk)] == ["Created", "Changed"]
        assert [entry for entry, _ in history_of(off.pk)] == ["Created", "Changed"]


def test_an_update_of_different_columns_in_different_rows_is_logged_in_full(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        rows = make_many()
        execute(
            "UPDATE tenant_features SET enabled = feature_key = 'feature-1',"
            " config = CASE WHEN feature_key IN ('feature-1', 'feature-2') THEN '{\"a\": 1}' ELSE config END"
        )

        assert history_of(rows[0].pk)[1:] == [("Changed", {"enabled": ("yes", "no")})]
        assert history_of(rows[1].pk)[1:] == [("Changed", {"config": ("{}", '{"a": 1}')})]
        assert history_of(rows[2].pk)[1:] == [("Changed", {"enabled": ("yes", "no"), "config": ("{}", '{"a": 1}')})]


def test_a_large_update_that_changes_nothing_is_not_logged(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        make_many()
        before = AuditEntry.objects.count()
        TenantFeature.objects.update(enabled=True)

        assert AuditEntry.objects.count() == before


def test_changing_the_keys_of_many_rows_is_logged_in_full(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        row = make_many()[5]
        execute("UPDATE tenant_features SET id = gen_random_uuid()")
        key = TenantFeature.objects.get(feature_key="feature-5").pk

        assert [action for action, _ in history_of(row.pk)] == ["Created", "Deleted"]
        assert [action for action, _ in history_of(key)] == ["Created"]


def test_a_statement_over_two_tenants_shows_each_tenant_its_own_rows(tenant: Tenant, other_tenant: Tenant) -> None:
    for one in (tenant, other_tenant):
        with tenant_context(one.pk):
            make_many()
    with platform_context():
        TenantFeature.objects.update(enabled=False)

    for one in (tenant, other_tenant):
        with tenant_context(one.pk):
            own = set(TenantFeature.objects.values_list("pk", flat=True))
            updated = AuditEntry.objects.filter(action="updated", table_name="tenant_features")
            assert {key for entry in updated for key in entry.row_ids or []} == own
            assert set(updated.values_list("tenant_id", flat=True)) == {one.pk}


def test_neither_tenant_sees_the_entries_of_many_rows_moved_between_them(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        make_many()
    with platform_context():
        TenantFeature.objects.update(tenant=other_tenant)

        moved = AuditEntry.objects.filter(action="updated", table_name="tenant_features")
        assert [(entry.tenant_id, entry.row_count) for entry in moved] == [(None, MANY)]


def test_secrets_of_many_rows_are_masked(db: None) -> None:
    with platform_context():
        execute(
            "INSERT INTO users (email, password_hash)"
            " SELECT number || '@acme.test', CASE WHEN number > 1 THEN 'secret-' || number END"
            " FROM generate_series(1, %s) AS number",
            MANY,
        )
        execute("UPDATE users SET first_name = 'Ann', password_hash = CASE WHEN email LIKE '1%%' THEN 'secret-new' END")
        first, second, eleventh = (User.objects.get(email=f"{number}@acme.test").pk for number in (1, 2, 11))
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(entry::text, '') FROM audit_entries AS entry")
            assert "secret-" not in cursor.fetchone()[0]

        def passwords(row_id: UUID) -> list[tuple[str, str]]:
            changes = [change for entry in reversed(history(User, row_id)) for change in entry.changes]
            return [(change.old, change.new) for change in changes if change.name == "password"]

        assert passwords(first) == [("", SECRET_MASK)]
        assert passwords(second) == [("", SECRET_MASK), (SECRET_MASK, "")]
        assert passwords(eleventh) == [("", SECRET_MASK), (SECRET_MASK, SECRET_MASK)]


# 20,000 changes of one row, and 5,000 packed ones in 64 buckets. Every fifth belongs to the tenant, the others
# to forty tenants.
FILL = """
INSERT INTO audit_entries (id, tenant_id, table_name, action, row_id, row_ids, bucket, row_count, changes, row_changes,
                           request_id, source, login)
SELECT gen_random_uuid(), CASE WHEN number %% 5 = 0 THEN %(tenant)s ELSE md5((number %% 50)::text)::uuid END,
       'tenant_features', 'updated', CASE WHEN number > 5000 THEN gen_random_uuid() END,
       CASE WHEN number <= 5000 THEN ARRAY[gen_random_uuid()] END, CASE WHEN number <= 5000 THEN 64 + number %% 64 END,
       1, '{}', '{}', '', 'api', ''
FROM generate_series(1, 25000) AS number
"""


@pytest.fixture
def filled_log(transactional_db: None) -> Tenant:
    """Return a tenant whose audit log is large enough for the planner to choose as it does in production."""
    with platform_context():
        tenant = TenantFactory.create()
    with superuser_connection() as superuser:
        superuser.execute(FILL, {"tenant": tenant.pk})
        superuser.execute("VACUUM ANALYZE audit_entries")
    return tenant


@pytest.mark.parametrize("as_platform", [False, True], ids=["as-tenant", "as-platform"])
def test_a_rows_history_is_found_through_indexes(filled_log: Tenant, as_platform: bool) -> None:
    with platform_context() if as_platform else tenant_context(filled_log.pk):
        with CaptureQueriesContext(connection) as queries:
            history(TenantFeature, filled_log.pk)
        (query,) = (query["sql"] for query in queries if "UNION ALL" in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query}")
            plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan" not in plan
    assert "Index Cond: (row_id = " in plan
    assert "on audit_entries_row" in plan or "using audit_entries_row" in plan
    assert "bucket = ANY" in plan.split("audit_entries_bucket")[1].split("Filter")[0]
