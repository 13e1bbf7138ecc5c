"""Feature gates: a resource works where its feature is on and says why where it is off."""

from typing import Any

from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tenants.features.models import TenantFeature
from tenants.features.selectors import PLANS_BY_FEATURE
from tenants.teams.models import PlanTier, Tenant
from tests.contract.api import address, client, for_each_resource, resources
from tests.contract.sql import as_json
from tests.contract.world import Team, World, row_of
from tests.factories.tenants import FeatureFlagFactory, FeatureKillSwitchFactory, UserCapabilityFactory
from tests.support.api import problem

GATED = [each for each in resources() if each.feature]
REASON = "Closed by the contract"


def close(resource: Resource, team: Team) -> None:
    with platform_context(tenant_id=team.tenant.pk):
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


def test_every_gated_feature_is_in_the_catalogue() -> None:
    assert {each.feature for each in GATED} <= set(PLANS_BY_FEATURE)


@for_each_resource(GATED, "feature-closed")
def test_a_feature_that_is_off_denies_every_method_to_its_tenant_only(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    before = as_json(row)
    close(resource, world.acme)
    responses = calls(client(world.acme.owner, world.acme), resource, row)
    assert responses
    for method, response in responses.items():
        assert problem(response) == (403, "feature_closed"), method
        assert response.json()["feature"] == resource.feature
        assert response.json()["detail"] == "Switched off for your tenant."
    assert as_json(row) == before
    if "list" in resource.methods:
        assert client(world.borealis.owner, world.borealis).get(resource.url).status_code == 200


@for_each_resource(GATED, "feature-killed")
def test_a_kill_switch_denies_a_feature_to_all_tenants_with_its_reason(resource: Resource, world: World) -> None:
    with platform_context():
        FeatureKillSwitchFactory(feature_key=resource.feature, reason=REASON)
    for team in (world.acme, world.borealis):
        response = client(team.owner, team).get(resource.url)
        assert problem(response) == (403, "feature_closed")
        assert response.json()["detail"] == REASON


@for_each_resource(GATED, "feature-right")
def test_a_missing_right_is_reported_before_the_feature(resource: Resource, world: World) -> None:
    close(resource, world.acme)
    with platform_context(tenant_id=world.acme.tenant.pk):
        UserCapabilityFactory(user=world.acme.owner, capability_key=f"{resource.area}.view", enabled=False)
    response = client(world.acme.owner, world.acme).get(resource.url)
    assert problem(response) == (403, "missing_right")


@for_each_resource(GATED, "feature-plan")
def test_a_feature_outside_the_plan_is_off(resource: Resource, world: World) -> None:
    with platform_context():
        Tenant.objects.filter(pk=world.acme.tenant.pk).update(plan_tier=PlanTier.FREE)
        TenantFeature.objects.filter(tenant=world.acme.tenant.pk).delete()
    response = client(world.acme.owner, world.acme).get(resource.url)
    assert problem(response) == (403, "feature_closed")
    assert response.json()["detail"] == "This feature is not part of the plan."
