"""The audit log records every change of every row, and only its trigger can write it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from lad.audit.models import AuditEntry
from lad.audit.selectors import history
from lad.audit.trigger import FEW_ROWS
from lad.db.fields import SECRET_MASK
from lad.tenancy.context import Client, origin, platform_context, tenant_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, Tenant
from tests.factories.tenants import MemberFactory, TenantFeatureFactory, UserIdentityFactory
from tests.support.database import superuser_connection

pytestmark = pytest.mark.django_db


def entries(row: Any) -> list[AuditEntry]:
    """Return the single-row entries of a row, oldest first."""
    with platform_context():
        return list(AuditEntry.objects.filter(row_id=row.pk).order_by("created_at", "id"))


def execute(sql: str, *arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)


def save(feature: TenantFeature) -> None:
    feature.enabled = False
    feature.save()


def bulk_update(feature: TenantFeature) -> None:
    feature.enabled = False
    TenantFeature.objects.bulk_update([feature], ["enabled"])


WRITES: dict[str, Callable[[TenantFeature], Any]] = {
    "save": save,
    "queryset-update": lambda feature: TenantFeature.objects.filter(pk=feature.pk).update(enabled=False),
    "bulk-update": bulk_update,
    "plain-sql": lambda feature: execute("UPDATE tenant_features SET enabled = false WHERE id = %s", feature.pk),
    "upsert": lambda feature: execute(
        "INSERT INTO tenant_features (tenant_id, feature_key) VALUES (%s, %s)"
        " ON CONFLICT (tenant_id, feature_key) DO UPDATE SET enabled = false",
        feature.tenant_id,
        feature.feature_key,
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("as_platform", [False, True], ids=["as-tenant", "as-platform"])
def test_every_kind_of_change_is_logged_with_old_and_new_values(
    tenant: Tenant, write: Callable[[TenantFeature], Any], as_platform: bool
) -> None:
    with platform_context(tenant_id=tenant.pk) if as_platform else tenant_context(tenant.pk):
        feature = TenantFeatureFactory.create(enabled=True)
        write(feature)

    created, updated = entries(feature)
    assert (created.action, created.changes["enabled"]) == ("created", [None, True])
    assert (updated.action, updated.changes) == ("updated", {"enabled": [True, False]})
    assert updated.tenant_id == tenant.pk


def test_a_few_rows_inserted_together_have_an_entry_each(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        rows = TenantFeature.objects.bulk_create([TenantFeature(feature_key=f"feature-{n}") for n in range(3)])

    assert [entries(row)[0].changes["feature_key"] for row in rows] == [[None, f"feature-{n}"] for n in range(3)]


def test_the_log_keeps_the_values_of_a_deleted_row(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        feature = TenantFeatureFactory.create(feature_key="campaigns")
        key = feature.pk
        feature.delete()
        feature.pk = key

    assert [(entry.action, entry.changes["feature_key"]) for entry in entries(feature)] == [
        ("created", [None, "campaigns"]),
        ("deleted", ["campaigns", None]),
    ]


def test_an_entry_records_actor_request_and_source(tenant: Tenant, owner: User) -> None:
    with origin("request-12345", source="api"), tenant_context(tenant.pk, user_id=owner.pk):
        feature = TenantFeatureFactory.create()

    (entry,) = entries(feature)
    assert (entry.actor_id, entry.request_id, entry.source, entry.login) == (
        owner.pk,
        "request-12345",
        "api",
        connection.settings_dict["USER"],
    )


@pytest.mark.django_db(transaction=True)
def test_plain_sql_outside_any_scope_is_logged_with_source_sql(tenant: Tenant) -> None:
    with superuser_connection() as superuser:
        superuser.execute("UPDATE tenants SET plan_tier = 'enterprise' WHERE id = %s", [tenant.pk])

    entry = entries(tenant)[-1]
    assert (entry.changes, entry.source, entry.login) == ({"plan_tier": ["free", "enterprise"]}, "sql", "postgres")
    with platform_context():
        assert history(Tenant, tenant.pk)[0].how == "sql (postgres)"


def test_a_write_that_changes_only_updated_at_is_not_logged(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        feature = TenantFeatureFactory.create()
        feature.save()
        TenantFeature.objects.update(enabled=feature.enabled)

    assert [entry.action for entry in entries(feature)] == ["created"]


def test_soft_deletion_and_restore_are_logged_as_deleted_and_restored(tenant: Tenant, member: User) -> None:
    from lad.db.deletion import restore

    with tenant_context(tenant.pk):
        membership = Membership.objects.get(user=member)
        membership.delete()
        restore(Membership.all_objects.get(pk=membership.pk))

    assert [entry.action for entry in entries(membership)] == ["created", "deleted", "restored"]


def test_a_changed_secret_is_logged_with_both_values_masked(db: None) -> None:
    with platform_context():
        identity = UserIdentityFactory.create(access_token="first-token", refresh_token=None)
        identity.access_token = "second-token"
        identity.save()
        identity.user.set_password("a new password")
        identity.user.save()
    created, updated = entries(identity)
    assert created.changes["access_token"] == [None, SECRET_MASK]
    assert "refresh_token" not in created.changes
    assert updated.changes["access_token"] == [SECRET_MASK, SECRET_MASK]
    assert entries(identity.user)[-1].changes["password_hash"] == [SECRET_MASK, SECRET_MASK]

    whole_log = log_as_text()
    assert SECRET_MASK in whole_log
    assert not [secret for secret in ("-token", "md5$", "gAAAA") if secret in whole_log]


def log_as_text() -> str:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(entry::text, '') FROM audit_entries AS entry")
        return str(cursor.fetchone()[0])


def test_a_tenant_reads_only_the_history_of_its_own_rows_and_of_itself(
    tenant: Tenant, other_tenant: Tenant, owner: User
) -> None:
    with tenant_context(other_tenant.pk):
        foreign = TenantFeatureFactory.create()
    with tenant_context(tenant.pk):
        own = TenantFeatureFactory.create()

        tables = set(AuditEntry.objects.values_list("table_name", flat=True))
        assert set(AuditEntry.objects.values_list("tenant_id", flat=True)) == {tenant.pk}
        assert tables == {"tenants", "memberships", "tenant_features"}
        assert history(TenantFeature, own.pk)
        assert history(Tenant, tenant.pk)
        assert history(TenantFeature, foreign.pk) == []
        assert history(Tenant, other_tenant.pk) == []
        assert history(User, owner.pk) == []


def test_neither_tenant_sees_the_entry_of_a_row_moved_between_them(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        feature = TenantFeatureFactory.create()
        TenantFeature.objects.filter(pk=feature.pk).update(tenant=other_tenant)

    created, moved = entries(feature)
    assert (created.tenant_id, moved.tenant_id) == (tenant.pk, None)
    assert moved.changes == {"tenant_id": [str(tenant.pk), str(other_tenant.pk)]}


def test_changing_a_rows_key_is_logged_in_full(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        feature = TenantFeatureFactory.create(feature_key="campaigns")
        key = uuid4()
        execute("UPDATE tenant_features SET id = %s", key)

        assert [entry.action for entry in history(TenantFeature, feature.pk)] == ["Deleted", "Created"]
        assert [entry.action for entry in history(TenantFeature, key)] == ["Created"]


FORGERIES = {
    "insert": "INSERT INTO audit_entries (table_name, action, row_id, row_count, changes, request_id, source, login)"
    " VALUES ('tenants', 'updated', gen_random_uuid(), 1, '{}', '', 'api', 'x')",
    "update": "UPDATE audit_entries SET source = 'api'",
    "delete": "DELETE FROM audit_entries",
    "truncate": "TRUNCATE audit_entries",
    "a-trigger-of-ones-own": "CREATE TEMPORARY TABLE tenants (id uuid, name text);"
    " CREATE TRIGGER forged AFTER INSERT ON tenants REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')",
}


@pytest.mark.parametrize("sql", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize("as_platform", [False, True], ids=["as-tenant", "as-platform"])
def test_only_the_trigger_writes_the_log(tenant: Tenant, sql: str, as_platform: bool) -> None:
    scope = platform_context() if as_platform else tenant_context(tenant.pk)
    with scope, pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        execute(sql)


def test_a_temporary_table_cannot_divert_the_log(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        execute("CREATE TEMPORARY TABLE audit_entries (LIKE audit_entries) ON COMMIT DROP")
        execute("GRANT ALL ON pg_temp.audit_entries TO PUBLIC")
        feature = TenantFeatureFactory.create()
        execute("DROP TABLE pg_temp.audit_entries")

    assert len(entries(feature)) == 1


def test_the_history_shows_labels_and_names_instead_of_columns_and_keys(
    tenant: Tenant, owner: User, superuser: User
) -> None:
    with origin("", source="admin"), platform_context(tenant_id=tenant.pk, user_id=superuser.pk):
        colleague = MemberFactory.create(email="colleague@acme.test")
        membership = Membership.objects.get(user=colleague)
    with origin("", source="api"), tenant_context(tenant.pk, user_id=owner.pk):
        membership.role = Role.ADMIN
        membership.invited_by = owner
        membership.save()

        newest, oldest = history(Membership, membership.pk)
    assert (newest.who, newest.how, newest.action) == (owner.email, "api", "Changed")
    assert [(change.label, change.old, change.new) for change in newest.changes] == [
        ("Role", "Member", "Admin"),
        ("Invited by", "", owner.email),
    ]
    # Platform staff are not members, so the tenant cannot read their names.
    assert (oldest.who, oldest.how, oldest.action) == ("LAD staff", "admin", "Created")
    assert ("User", "", colleague.email) in [(change.label, change.old, change.new) for change in oldest.changes]


def test_changes_of_rows_with_numeric_keys_and_of_lists_are_logged() -> None:
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("CREATE TABLE audited_numbers (id bigint PRIMARY KEY, words text[], updated_at timestamptz)")
        for event, transition in {
            "INSERT": "NEW TABLE AS new_rows",
            "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        }.items():
            superuser.execute(
                f"CREATE TRIGGER audit_{event} AFTER {event} ON audited_numbers REFERENCING {transition}"
                " FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')"
            )
        superuser.execute("INSERT INTO audited_numbers SELECT n, ARRAY['a'] FROM generate_series(1, 300) AS n")
        superuser.execute("UPDATE audited_numbers SET words = words || array_fill('b'::text, ARRAY[id::integer])")
        superuser.execute("UPDATE audited_numbers SET words = '{}' WHERE id = 7")
        entries = superuser.execute(
            "SELECT action, row_id, changes, row_count FROM audit_entries ORDER BY created_at, id"
        ).fetchall()
        seventh = superuser.execute(
            "SELECT row_changes -> 'words' -> 1 -> (array_position(row_ids, %s::uuid) - 1) FROM audit_entries"
            " WHERE action = 'updated' AND bucket IS NOT NULL",
            ["00000000-0000-0000-0000-000000000007"],
        ).fetchall()

    assert [(action, count) for action, _, _, count in entries] == [("created", 300), ("updated", 300), ("updated", 1)]
    assert entries[0][2] == {"words": [None, ["a"]]}
    assert [row for (row,) in seventh] == [["a", *["b"] * 7]]
    assert entries[2][1].int == 7
    assert entries[2][2] == {"words": [["a", *["b"] * 7], []]}


def test_the_log_outlives_its_tenant(tenant: Tenant) -> None:
    with platform_context():
        execute("DELETE FROM tenants WHERE id = %s", tenant.pk)

    assert [entry.action for entry in entries(tenant)] == ["created", "deleted"]


def test_json_values_are_logged_unchanged(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        feature = TenantFeatureFactory.create(config={"quote": 'a "b" \\ ü \n', "nothing": None})

    (entry,) = entries(feature)
    assert entry.changes["config"] == [None, {"quote": 'a "b" \\ ü \n', "nothing": None}]


def test_an_entry_records_where_the_request_came_from(tenant: Tenant) -> None:
    client = Client("203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    with origin("request-12345", source="api", client=client), tenant_context(tenant.pk):
        TenantFeatureFactory.create()
        # So many that they share an entry.
        TenantFeature.objects.bulk_create([TenantFeature(feature_key=f"many-{n}") for n in range(FEW_ROWS + 1)])

    with platform_context():
        (one, packed) = AuditEntry.objects.filter(table_name="tenant_features").order_by("row_count")
    assert (one.client_address, one.client_agent) == (client.address, client.agent)
    assert (packed.client_address, packed.client_agent) == (client.address, client.agent)


def test_a_request_through_a_trusted_proxy_is_logged_with_the_client_s_address(
    owner: User, api: Any, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    headers = {"X-Forwarded-For": "198.51.100.9, 203.0.113.8", "User-Agent": "curl/8.0\x1b[2J"}
    assert api(owner).patch("/api/v1/me/", {"first_name": "Ada"}, format="json", headers=headers).status_code == 200
    entry = entries(owner)[-1]
    assert (entry.client_address, entry.client_agent) == ("203.0.113.8", "curl/8.0[2J")
