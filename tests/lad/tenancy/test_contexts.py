"""Scopes own a transaction, switch role and tenant, nest, and restore the settings around them."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from lad.tenancy.context import (
    NoTenant,
    current_request_id,
    current_scope,
    current_tenant_id,
    current_user_id,
    origin,
    platform_context,
    read_across_tenants,
    tenant_context,
)
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.tenants import TenantFeatureFactory

SETTINGS = ("role", "lad.tenant_id", "lad.user_id", "lad.request_id", "lad.source")


def in_database() -> tuple[str, ...]:
    """Return the scope's settings in the database: role, tenant, user, request, source."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"COALESCE(current_setting('{name}', true), '')" for name in SETTINGS))
        return tuple(cursor.fetchone())


NOTHING = ("none", "", "", "", "")


@pytest.mark.django_db
class TestNesting:
    def test_a_scope_is_the_same_in_python_and_in_the_database(self) -> None:
        tenant_id, user_id = uuid4(), uuid4()

        with origin("request-1", source="api"), tenant_context(tenant_id, user_id=user_id):
            assert (current_tenant_id(), current_user_id(), current_request_id()) == (tenant_id, user_id, "request-1")
            assert in_database() == ("lad_app", str(tenant_id), str(user_id), "request-1", "api")
        assert current_scope() is None
        assert current_request_id() == ""
        assert in_database() == NOTHING

    def test_a_read_across_tenants_runs_as_the_platform_and_leaves_the_scope_as_it_was(self) -> None:
        with tenant_context(uuid4(), user_id=uuid4()):
            before = in_database()
            assert read_across_tenants("SELECT current_setting('role'), %s", ["x"]) == [("lad_platform", "x")]
            assert in_database() == before
        assert read_across_tenants("SELECT current_setting('role')", []) == [("lad_platform",)]
        assert in_database() == NOTHING

    def test_the_outer_scope_continues_after_the_inner_one(self) -> None:
        outer, inner, user_id = uuid4(), uuid4(), uuid4()

        with tenant_context(outer, user_id=user_id):
            before = in_database()
            with tenant_context(inner):
                assert in_database()[:3] == ("lad_app", str(inner), str(user_id))
                with platform_context():
                    assert in_database()[:2] == ("lad_platform", "")
                assert in_database()[:2] == ("lad_app", str(inner))
            assert in_database() == before
            assert current_tenant_id() == outer

    def test_a_failed_inner_scope_restores_the_outer_one(self) -> None:
        outer = uuid4()

        with tenant_context(outer):
            before = in_database()
            with pytest.raises(ZeroDivisionError), platform_context():
                _ = 1 / 0
            assert in_database() == before
            with pytest.raises(Exception, match="does not exist"), platform_context(), connection.cursor() as cursor:
                cursor.execute("SELECT * FROM no_such_table")
            assert in_database() == before
            assert current_tenant_id() == outer

    def test_an_inner_scope_marked_for_rollback_restores_the_outer_one(self, tenant: Tenant) -> None:
        with tenant_context(tenant.pk):
            before = in_database()
            with platform_context(tenant_id=tenant.pk):
                TenantFeatureFactory.create()
                transaction.set_rollback(True)
            assert in_database() == before
            assert TenantFeature.objects.count() == 0

    def test_a_platform_scope_without_a_tenant_has_no_current_tenant(self) -> None:
        with pytest.raises(NoTenant, match="No tenant is current"):
            current_tenant_id()
        with platform_context(), pytest.raises(NoTenant, match="current scope has no tenant"):
            current_tenant_id()


@pytest.mark.django_db(transaction=True)
class TestTransaction:
    def test_everything_in_a_scope_commits_or_rolls_back_together(self, tenant: Tenant) -> None:
        with pytest.raises(ZeroDivisionError), tenant_context(tenant.pk):
            TenantFeatureFactory.create()
            with platform_context(tenant_id=tenant.pk):
                TenantFeatureFactory.create()
            _ = 1 / 0
        with tenant_context(tenant.pk):
            assert TenantFeature.objects.count() == 0
            TenantFeatureFactory.create()
        with tenant_context(tenant.pk):
            assert TenantFeature.objects.count() == 1

    def test_the_session_keeps_no_settings_of_an_ended_scope(self, tenant: Tenant) -> None:
        with origin("request-1", source="api"), tenant_context(tenant.pk, user_id=uuid4()):
            pass
        assert in_database() == NOTHING
        with pytest.raises(ZeroDivisionError), platform_context():
            _ = 1 / 0
        assert in_database() == NOTHING

    def test_a_pooled_connection_keeps_no_settings_of_its_last_user(self, tenant: Tenant) -> None:
        connection.close()
        options = connection.settings_dict["OPTIONS"]
        pooling, options["pool"] = options.get("pool"), {"min_size": 1, "max_size": 1}
        try:
            processes: list[int] = []
            for fails in (False, True):
                with origin("request-1", source="api"):
                    try:
                        with tenant_context(tenant.pk, user_id=uuid4()):
                            processes.append(connection.connection.info.backend_pid)
                            _ = 1 / 0 if fails else 0
                    except ZeroDivisionError:
                        pass
                connection.close()
                assert in_database() == NOTHING
                processes.append(connection.connection.info.backend_pid)
                connection.close()
            assert len(set(processes)) == 1, "the pool handed out the same connection each time"
        finally:
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]
            options["pool"] = pooling

    def test_two_threads_have_separate_scopes(self, tenant: Tenant, other_tenant: Tenant) -> None:
        together = threading.Barrier(2, timeout=20)
        seen: dict[UUID, Any] = {}

        def work(one: Tenant) -> None:
            try:
                with tenant_context(one.pk):
                    TenantFeatureFactory.create()
                    together.wait()
                    seen[one.pk] = current_tenant_id(), set(TenantFeature.objects.values_list("tenant_id", flat=True))
                    together.wait()
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=[one]) for one in (tenant, other_tenant)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {one.pk: (one.pk, {one.pk}) for one in (tenant, other_tenant)}


@pytest.mark.django_db(transaction=True)
def test_a_read_across_tenants_outside_a_transaction_leaves_no_setting_behind(transactional_db: None) -> None:
    assert read_across_tenants("SELECT current_setting('role')", []) == [("lad_platform",)]
    assert not connection.in_atomic_block
    assert in_database() == NOTHING
