"""Feature gates: a resource answers where its feature is open and says why where it is closed."""

from typing import Any

from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tenants.features.models import TenantFeature
from tenants.features.selectors import CATALOGUE
from tenants.teams.models import PlanTier, Tenant
from tests.contract.api import address, client, for_each_resource, problem, resources
from tests.contract.sql import as_json
from tests.contract.world import Company, World, row_of
from tests.factories.tenants import FeatureFlagFactory, FeatureKillSwitchFactory, UserCapabilityFactory

GATED = [each for each in resources() if each.feature]
REASON = "Closed by the contract"


def close(resource: Resource, company: Company) -> None:
    with platform_context(tenant_id=company.tenant.pk):
        FeatureFlagFactory(feature_key=resource.feature, is_enabled=False)


def calls(caller: Any, resource: Resource, row: Any) -> dict[str, Any]:
    """One answer per method the resource offers."""
    where = address(resource, row)
    offered = {
        "list": lambda: caller.get(resource.url),
        "retrieve": lambda: caller.get(where),
        "create": lambda: caller.post(resource.url, {}, format="json"),
        "update": lambda: caller.patch(where, {}, format="json"),
        "delete": lambda: caller.delete(where),
    }
    answers = {name: offered[name]() for name in resource.methods}
    return {**answers, "restore": caller.post(address(resource, row, "restore/"))} if resource.restorable else answers


def test_every_gate_is_a_feature_that_plans_or_the_platform_can_open() -> None:
    assert {each.feature for each in GATED} <= set(CATALOGUE)


@for_each_resource(GATED, "feature-closed")
def test_a_closed_feature_closes_every_method_for_the_tenant_and_for_no_other(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    before = as_json(row)
    close(resource, world.acme)
    for method, response in calls(client(world.acme.owner, world.acme), resource, row).items():
        assert problem(response) == (403, "feature_closed"), method
        assert response.json()["feature"] == resource.feature
        assert response.json()["detail"] == "Switched off for your tenant."
    assert as_json(row) == before
    if "list" in resource.methods:
        assert client(world.borealis.owner, world.borealis).get(resource.url).status_code == 200


@for_each_resource(GATED, "feature-killed")
def test_the_platform_closes_a_feature_for_everybody_with_its_reason(resource: Resource, world: World) -> None:
    with platform_context():
        FeatureKillSwitchFactory(feature_key=resource.feature, reason=REASON)
    for company in (world.acme, world.borealis):
        response = client(company.owner, company).get(resource.url)
        assert problem(response) == (403, "feature_closed")
        assert response.json()["detail"] == REASON


@for_each_resource(GATED, "feature-right")
def test_who_lacks_the_right_is_told_that_and_nothing_of_the_feature(resource: Resource, world: World) -> None:
    close(resource, world.acme)
    with platform_context(tenant_id=world.acme.tenant.pk):
        UserCapabilityFactory(user=world.acme.owner, capability_key=f"{resource.area}.view", enabled=False)
    response = client(world.acme.owner, world.acme).get(resource.url)
    assert problem(response) == (403, "missing_right")


@for_each_resource(GATED, "feature-plan")
def test_a_plan_without_the_feature_leaves_it_closed(resource: Resource, world: World) -> None:
    with platform_context():
        Tenant.objects.filter(pk=world.acme.tenant.pk).update(plan_tier=PlanTier.FREE)
        TenantFeature.objects.filter(tenant=world.acme.tenant.pk).delete()
    response = client(world.acme.owner, world.acme).get(resource.url)
    assert problem(response) == (403, "feature_closed")
    assert response.json()["detail"] == "This feature is not part of the plan."
