"""Every task starts outside any scope, and nothing of one task reaches the next."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from lad.audit.models import AuditEntry
from lad.celery import app
from lad.tenancy.context import Scope, current_request_id, current_scope, platform_context, tenant_context
from lad.tenancy.tasks import LadTask
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)

together = threading.Barrier(2, timeout=20)


@app.task(name="tests.write_feature")
def write_feature(
    key: str, *, tenant_id: str, fail: bool = False, meet: bool = False
) -> tuple[Scope | None, list[str]]:
    with tenant_context(UUID(tenant_id)):
        TenantFeature.objects.create(feature_key=key)
        if meet:
            together.wait()
        if fail:
            raise ValueError(key)
        return current_scope(), list(TenantFeature.objects.values_list("feature_key", flat=True))


@app.task(name="tests.report_scope")
def report_scope() -> tuple[Scope | None, str, tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role'), COALESCE(current_setting('lad.tenant_id', true), '')")
        return current_scope(), current_request_id(), cursor.fetchone()


@pytest.fixture(autouse=True)
def _reset_barrier() -> Iterator[None]:
    yield
    together.reset()


def run(task: Any, *args: Any, **kwargs: Any) -> Any:
    """Run the task in this process as a worker would."""
    return task.apply(args=args, kwargs=kwargs)


def test_a_task_sees_only_the_tenant_it_enters(tenant: Tenant, other_tenant: Tenant) -> None:
    for one in (tenant, other_tenant):
        scope, keys = run(write_feature, "leads", tenant_id=str(one.pk)).get()
        assert (scope.tenant_id, scope.platform, keys) == (one.pk, False, ["leads"])


@pytest.mark.parametrize("fails", [False, True], ids=["after-success", "after-failure"])
def test_no_scope_or_request_id_reaches_the_next_task_of_the_process(tenant: Tenant, fails: bool) -> None:
    result = run(write_feature, "leads", tenant_id=str(tenant.pk), fail=fails)
    assert result.failed() is fails

    following = run(report_scope)
    scope, request_id, in_database = following.get()
    assert (scope, in_database) == (None, ("none", ""))
    assert request_id == following.id
    assert current_request_id() == ""


def test_a_failed_task_leaves_no_rows(tenant: Tenant) -> None:
    run(write_feature, "leads", tenant_id=str(tenant.pk), fail=True)

    with platform_context():
        assert TenantFeature.objects.count() == 0
        assert not AuditEntry.objects.filter(table_name="tenant_features").exists()


def test_two_concurrent_tasks_of_one_process_stay_in_their_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    results: dict[UUID, Any] = {}

    def work(one: Tenant) -> None:
        try:
            results[one.pk] = run(write_feature, one.slug, tenant_id=str(one.pk), meet=True).get()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[one]) for one in (tenant, other_tenant)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {tenant.pk, other_tenant.pk}
    for one in (tenant, other_tenant):
        scope, keys = results[one.pk]
        assert (scope.tenant_id, keys) == (one.pk, [one.slug])


def test_a_task_is_refused_inside_a_scope(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        result = run(report_scope)
    assert result.failed()
    assert "was started inside a scope" in str(result.result)


def test_the_audit_log_names_the_task_and_its_id(tenant: Tenant) -> None:
    result = run(write_feature, "leads", tenant_id=str(tenant.pk))

    with platform_context():
        entry = AuditEntry.objects.get(table_name="tenant_features")
    assert (entry.source, entry.request_id) == ("tests.write_feature", result.id)


def test_every_task_derives_from_lad_task() -> None:
    app.loader.import_default_modules()
    own = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}

    assert own
    assert [name for name, task in own.items() if not isinstance(task, LadTask)] == []
