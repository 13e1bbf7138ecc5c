"""Every request runs in its caller's scope, whole or not at all."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from lad.audit.models import AuditEntry
from lad.tenancy.context import current_scope, platform_context, tenant_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.tenants import TenantFeatureFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.lad.tenancy.urls")]


def written() -> int:
    with platform_context():
        features = TenantFeature.objects.filter(feature_key="written").count()
        assert AuditEntry.objects.filter(table_name="tenant_features").count() == features
        return features


@pytest.mark.parametrize("ending", ["refused", "broken", "crash", "denied", "domain-error"])
def test_a_failed_request_leaves_nothing_behind(owner: User, api: Callable[..., APIClient], ending: str) -> None:
    client = api(owner)
    client.raise_request_exception = False
    response = client.get(f"/api/trial/write/{ending}")

    assert response.status_code >= 400
    assert written() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["refused", "crash"])
def test_a_failed_request_commits_nothing(owner: User, api: Callable[..., APIClient], ending: str) -> None:
    client = api(owner)
    client.raise_request_exception = False
    client.get(f"/api/trial/write/{ending}")

    assert written() == 0


@pytest.mark.parametrize("ending", ["fine", "redirect"])
def test_a_request_that_succeeds_keeps_what_it_wrote(owner: User, api: Callable[..., APIClient], ending: str) -> None:
    response = api(owner).get(f"/api/trial/write/{ending}")

    assert response.status_code < 400
    assert written() == 1


def test_a_self_scoped_write_keeps_what_it_committed_before_it_was_refused(owner, api, settings):
    settings.SELF_SCOPED_WRITES = "^/api/trial/self-scoped/"
    response = api(owner).post("/api/trial/self-scoped/refused")

    assert response.status_code == 409
    assert written() == 1


def test_the_scope_covers_what_a_template_asks_for_while_it_is_rendered(
    tenant: Tenant, other_tenant: Tenant, owner: User, api: Callable[..., APIClient]
) -> None:
    with tenant_context(tenant.pk):
        TenantFeatureFactory.create(feature_key="own")
    with tenant_context(other_tenant.pk):
        TenantFeatureFactory.create(feature_key="foreign")

    response = api(owner).get("/api/trial/lazy")
    assert (response.status_code, response.content.decode().split()) == (200, ["own"])


def test_a_stranger_gets_no_scope(api: Callable[..., APIClient]) -> None:
    assert api().get("/api/trial/scope").content == b"None"


def test_nothing_of_a_request_is_left_for_the_next(
    tenant: Tenant, other_tenant: Tenant, owner: User, other_owner: User, api: Callable[..., APIClient]
) -> None:
    first = api(owner).get("/api/trial/scope").content.decode()
    assert current_scope() is None
    second = api(other_owner).get("/api/trial/scope").content.decode()

    assert str(tenant.pk) in first
    assert str(other_tenant.pk) in second
    assert str(tenant.pk) not in second
    assert api().get("/api/trial/scope").content == b"None"


def test_what_a_request_writes_is_told_with_its_caller_and_its_name(owner: User, api: Callable[..., APIClient]) -> None:
    response = api(owner).get("/api/trial/write/fine", headers={"X-Request-ID": "walk-through-1"})

    assert response["X-Request-ID"] == "walk-through-1"
    with platform_context():
        entry = AuditEntry.objects.get(table_name="tenant_features")
    assert (entry.actor_id, entry.request_id, entry.source) == (owner.pk, "walk-through-1", "api")
