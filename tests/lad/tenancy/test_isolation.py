"""The four independent guards of tenant isolation, one section each. Removing a guard fails a test of its section."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model

from lad import writes
from lad.audit.models import AuditEntry
from lad.tenancy.context import NoTenant, platform_context, tenant_context
from tenants.access.models import UserCapability
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tests.factories.tenants import MemberFactory, TenantFeatureFactory

pytestmark = pytest.mark.django_db

TENANT_MODELS = [Membership, UserCapability, TenantFeature, TenantInvitation, ActivityEntry, AuditEntry]


def query(sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def feature_of(tenant: Tenant) -> TenantFeature:
    with tenant_context(tenant.pk):
        return TenantFeatureFactory.create()


class TestManager:
    @pytest.mark.parametrize("model", [*TENANT_MODELS, Tenant, User], ids=lambda model: model._meta.db_table)
    def test_it_raises_outside_any_scope(self, model: Any) -> None:
        with pytest.raises(NoTenant):
            model.objects.count()
        with pytest.raises(NoTenant):
            model.all_objects.count()

    def test_it_returns_one_tenants_rows_even_to_the_platform_role(self, tenant: Tenant, other_tenant: Tenant) -> None:
        own, _foreign = feature_of(tenant), feature_of(other_tenant)

        with platform_context(tenant_id=tenant.pk):
            assert list(TenantFeature.objects.all()) == [own]
            assert query("SELECT count(*) FROM tenant_features") == [(2,)]

    def test_the_kept_conditions_of_one_tenant_serve_no_other(self, tenant: Tenant, other_tenant: Tenant) -> None:
        own, foreign = feature_of(tenant), feature_of(other_tenant)

        for _visit in range(2):
            for current, expected in ((tenant, own), (other_tenant, foreign)):
                with platform_context(tenant_id=current.pk):
                    assert list(TenantFeature.objects.exclude(pk=expected.pk)) == []
                    assert list(TenantFeature.objects.all()) == [expected]
            with platform_context():
                assert {*TenantFeature.objects.all()} == {own, foreign}

    def test_a_new_row_without_a_tenant_gets_the_current_one(self, tenant: Tenant) -> None:
        assert feature_of(tenant).tenant_id == tenant.pk


class TestRowSecurity:
    def test_sql_in_a_tenant_reads_only_its_own_rows(self, tenant: Tenant, other_tenant: Tenant) -> None:
        own, _foreign = feature_of(tenant), feature_of(other_tenant)

        with tenant_context(tenant.pk):
            assert query("SELECT id FROM tenant_features") == [(own.pk,)]
            assert query("SELECT id FROM tenants") == [(tenant.pk,)]

    def test_sql_in_a_tenant_changes_only_its_own_rows(self, tenant: Tenant, other_tenant: Tenant) -> None:
        feature_of(tenant), feature_of(other_tenant)

        with tenant_context(tenant.pk):
            assert query("UPDATE tenant_features SET enabled = false") == [(1,)]
            assert query("DELETE FROM tenant_features") == [(1,)]
        with platform_context():
            assert TenantFeature.objects.get().enabled is True

    def test_a_row_cannot_be_written_into_another_tenant(self, tenant: Tenant, other_tenant: Tenant) -> None:
        feature_of(tenant)

        for sql in (
            "INSERT INTO tenant_features (tenant_id, feature_key) VALUES (%s, 'planted')",
            "UPDATE tenant_features SET tenant_id = %s",
        ):
            with (
                tenant_context(tenant.pk),
                pytest.raises(DatabaseError, match="row-level security"),
                transaction.atomic(),
            ):
                query(sql, other_tenant.pk)

    def test_a_tenant_sees_only_its_own_users(self, member: User, other_owner: User) -> None:
        with tenant_context(member.primary_tenant_id or pytest.fail()):
            assert query("SELECT id FROM users") == [(member.pk,)]

    def test_no_setting_widens_what_the_tenant_role_sees(self, tenant: Tenant, other_tenant: Tenant) -> None:
        feature_of(other_tenant)

        with tenant_context(tenant.pk):
            for setting in ("lad.platform", "lad.is_admin", "row_security"):
                query("SELECT set_config(%s, 'off', true)", setting)
                with transaction.atomic():
                    try:
                        with transaction.atomic():
                            seen = query("SELECT count(*) FROM tenant_features")
                    except DatabaseError as refused:
                        assert "row-level security" in str(refused)
                    else:
                        assert seen == [(0,)]

    def test_canary_the_tenant_role_without_a_tenant_sees_nothing(self, tenant: Tenant, member: User) -> None:
        feature_of(tenant)

        with transaction.atomic():
            query("SET LOCAL ROLE lad_app")
            for table in ("tenant_features", "memberships", "tenants", "users", "audit_entries"):
                assert query(f"SELECT count(*) FROM {table}") == [(0,)]
            query("RESET ROLE")

    def test_canary_the_login_without_a_role_is_refused(self, tenant: Tenant) -> None:
        for table in ("tenant_features", "memberships", "tenants", "users", "audit_entries", "domain_events"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                query(f"SELECT count(*) FROM {table}")


class TestCompositeKeys:
    @pytest.mark.parametrize("as_platform", [False, True], ids=["as-tenant", "as-platform"])
    def test_a_row_cannot_reference_another_tenants_row(
        self, tenant: Tenant, other_owner: User, as_platform: bool
    ) -> None:
        scope = platform_context() if as_platform else tenant_context(tenant.pk)
        with scope, pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic():
            query(
                "INSERT INTO user_capabilities (tenant_id, user_id, capability_key) VALUES (%s, %s, 'leads.view')",
                tenant.pk,
                other_owner.pk,
            )

    def test_a_row_cannot_move_away_from_a_row_it_references(self, tenant: Tenant, other_tenant: Tenant) -> None:
        with platform_context(tenant_id=tenant.pk):
            UserCapability.objects.create(user=MemberFactory.create(), capability_key="leads.view")
        with platform_context(), pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic():
            UserCapability.objects.update(tenant=other_tenant)


class TestGrants:
    @pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
    @pytest.mark.parametrize("as_platform", [False, True], ids=["as-tenant", "as-platform"])
    @pytest.mark.parametrize("model", [ActivityEntry, AuditEntry], ids=lambda model: model._meta.db_table)
    def test_roles_have_no_right_to_change_an_append_only_table(
        self, tenant: Tenant, model: type[Model], verb: str, as_platform: bool
    ) -> None:
        table = model._meta.db_table
        statement = {
            "UPDATE": f"UPDATE {table} SET created_at = now()",
            "DELETE": f"DELETE FROM {table}",
            "TRUNCATE": f"TRUNCATE {table}",
        }[verb]
        scope = platform_context() if as_platform else tenant_context(tenant.pk)
        # The trigger would refuse too, with its own message; this asserts that the grant is missing.
        with scope, pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            query(statement)

    def test_a_tenant_cannot_delete_a_soft_deletable_row_for_good(self, tenant: Tenant, member: User) -> None:
        with (
            tenant_context(tenant.pk),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
        ):
            query("DELETE FROM memberships")

    def test_a_tenant_cannot_write_tables_of_the_platform(self, tenant: Tenant, member: User) -> None:
        for sql in (
            "UPDATE users SET is_superuser = true",
            "INSERT INTO tenants (name, slug) VALUES ('x', 'x')",
            "UPDATE feature_kill_switches SET is_active = false",
            "SELECT * FROM django_session",
            "UPDATE django_migrations SET name = ''",
        ):
            with (
                tenant_context(tenant.pk),
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
            ):
                query(sql)

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT password_hash FROM users",
            "SELECT * FROM users",
            "SELECT count(*) FROM users WHERE password_hash LIKE 'scrypt%'",
            "UPDATE tenants SET status = 'active'",
            "UPDATE tenants SET plan_tier = 'enterprise'",
            "UPDATE tenants SET trial_ends_at = '2100-01-01'",
        ],
    )
    def test_a_tenant_neither_reads_passwords_nor_changes_its_own_contract(
        self, tenant: Tenant, member: User, statement: str
    ) -> None:
        with tenant_context(tenant.pk), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            query(statement)

    def test_a_tenant_reads_and_joins_users_without_their_passwords(self, tenant: Tenant, member: User) -> None:
        with tenant_context(tenant.pk):
            read = User.objects.get(pk=member.pk)
            joined = Membership.objects.select_related("user").get(user=member.pk).user
            assert [read.email, joined.email] == [member.email] * 2
            assert not {"password"} & (read.__dict__.keys() | joined.__dict__.keys())
            assert list(User.objects.filter(pk=member.pk).values_list("password", flat=True)) == [None]
        with platform_context():
            assert joined.password == read.password == member.password
            assert User.objects.get(pk=member.pk).__dict__["password"] == member.password

    def test_a_tenant_s_owner_still_changes_what_is_the_tenant_s(self, tenant: Tenant, owner: User) -> None:
        with tenant_context(tenant.pk, user_id=owner.pk):
            row = Tenant.objects.select_for_update().get(pk=tenant.pk)
            assert writes.update(row, {"name": "Acme and Sons"}, actor=owner).name == "Acme and Sons"
