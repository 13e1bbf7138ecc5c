"""Tasks enter their tenant through the base task, and nothing of one reaches the next."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from lad.audit.models import AuditEntry
from lad.celery import app
from lad.tenancy.context import Scope, current_request_id, current_scope, platform_context, tenant_context
from lad.tenancy.tasks import LadTask, PlatformTask, TenantTask
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)

together = threading.Barrier(2, timeout=20)


@app.task(base=TenantTask, name="tests.write_feature")
def write_feature(key: str, *, fail: bool = False, meet: bool = False) -> tuple[Scope | None, list[str]]:
    TenantFeature.objects.create(feature_key=key)
    if meet:
        together.wait()
    if fail:
        raise ValueError(key)
    return current_scope(), list(TenantFeature.objects.values_list("feature_key", flat=True))


@app.task(base=PlatformTask, name="tests.count_features")
def count_features() -> int:
    return TenantFeature.objects.count()


@app.task(name="tests.report_scope")
def report_scope() -> tuple[Scope | None, str, tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role'), COALESCE(current_setting('lad.tenant_id', true), '')")
        return current_scope(), current_request_id(), cursor.fetchone()


@pytest.fixture(autouse=True)
def _forget_trial_tasks() -> Iterator[None]:
    yield
    together.reset()


def run(task: Any, *args: Any, **kwargs: Any) -> Any:
    """Run the task as a worker process does, in this one."""
    return task.apply(args=args, kwargs=kwargs)


def test_a_tenants_task_works_inside_that_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    for one in (tenant, other_tenant):
        scope, keys = run(write_feature, "leads", tenant_id=str(one.pk)).get()
        assert (scope.tenant_id, scope.platform, keys) == (one.pk, False, ["leads"])
    assert run(count_features).get() == 2


def test_a_tenants_task_without_a_tenant_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tests\.write_feature needs tenant_id"):
        run(write_feature, "leads").get()


@pytest.mark.parametrize("fails", [False, True], ids=["after-success", "after-failure"])
def test_nothing_of_one_task_reaches_the_next_in_the_same_process(tenant: Tenant, fails: bool) -> None:
    result = run(write_feature, "leads", tenant_id=str(tenant.pk), fail=fails)
    assert result.failed() is fails

    following = run(report_scope)
    scope, request_id, in_database = following.get()
    assert (scope, in_database) == (None, ("none", ""))
    assert request_id == following.id
    assert current_request_id() == ""


def test_a_task_that_fails_leaves_nothing_behind(tenant: Tenant) -> None:
    run(write_feature, "leads", tenant_id=str(tenant.pk), fail=True)

    with platform_context():
        assert TenantFeature.objects.count() == 0
        assert not AuditEntry.objects.filter(table_name="tenant_features").exists()


def test_two_tasks_at_once_in_one_process_keep_to_their_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
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
    for one in (tenant, other_tenant):
        scope, keys = results[one.pk]
        assert (scope.tenant_id, keys) == (one.pk, [one.slug])


def test_a_task_does_not_start_inside_somebody_elses_scope(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        result = run(report_scope)
    assert result.failed()
    assert "somebody else's scope" in str(result.result)


def test_what_a_task_writes_is_told_with_its_name_and_id(tenant: Tenant) -> None:
    result = run(write_feature, "leads", tenant_id=str(tenant.pk))

    with platform_context():
        entry = AuditEntry.objects.get(table_name="tenant_features")
    assert (entry.source, entry.request_id) == ("tests.write_feature", result.id)


def test_every_task_of_lad_has_one_of_the_bases() -> None:
    app.loader.import_default_modules()
    own = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}

    assert own
    assert [name for name, task in own.items() if not isinstance(task, LadTask)] == []
