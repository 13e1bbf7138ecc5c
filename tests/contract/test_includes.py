"""Every include: rows returned with a row are those of their own list."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.api.includes import Include
from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tests.contract.api import address, client, for_each_resource, offering, resources
from tests.contract.world import World, row_of
from tests.factories.tenants import FeatureFlagFactory, UserCapabilityFactory
from tests.support.api import problem

INCLUDES = [(resource, include) for resource in resources() for include in resource.viewset.includes.values()]
SINGLE = [each for each in INCLUDES if each[1].single]
MANY = [each for each in INCLUDES if not each[1].single]
DELETABLE = [each for each in INCLUDES if each[1].resource.model.soft_deletable]
OTHER_AREA = [each for each in INCLUDES if each[1].resource.area != each[0].area]
OTHER_FEATURE = [each for each in INCLUDES if each[1].resource.feature not in (None, each[0].feature)]


def for_each_include(chosen: list[tuple[Resource, Include]], what: str) -> Any:
    return pytest.mark.parametrize(
        ("resource", "include"),
        [pytest.param(each, include, id=f"{each.path}-{include.name}-{what}") for each, include in chosen],
    )


def with_children(resource: Resource, include: Include, world: World, count: int) -> Any:
    """A row with so many children, among rows of others."""
    row = row_of(resource.model, world.acme)
    row_of(include.resource.model, world.acme)
    for _ in range(count):
        row_of(include.resource.model, world.acme, **{include.field: row})
    return row


def read(world: World, resource: Resource, row: Any, names: str, **headers: str) -> Any:
    caller = client(world.acme.owner, world.acme)
    return caller.get(address(resource, row), {"include": names}, **headers)


@for_each_include(MANY, "include")
def test_children_are_the_first_page_of_their_own_list_with_a_next_link(
    resource: Resource, include: Include, world: World
) -> None:
    row = with_children(resource, include, world, 3)
    nested = read(world, resource, row, include.name).json()[include.name]
    caller = client(world.acme.owner, world.acme)
    listed = caller.get(include.resource.url, {include.field: str(row.pk)}).json()
    assert len(nested["results"]) == 3
    assert nested == {"results": listed["results"], "next": None}


@for_each_include(MANY, "include-next")
def test_next_continues_where_the_nested_rows_end(
    resource: Resource, include: Include, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lad.api.includes.MAX_ROWS_INCLUDED", 2)
    row = with_children(resource, include, world, 3)
    nested = read(world, resource, row, include.name).json()[include.name]
    caller = client(world.acme.owner, world.acme)
    rest = caller.get(nested["next"]).json()
    listed = caller.get(include.resource.url, {include.field: str(row.pk)}).json()
    assert len(nested["results"]) == 2
    assert nested["results"] + rest["results"] == listed["results"]
    assert rest["next"] is None


@for_each_include(SINGLE, "include")
def test_an_only_child_is_an_object_or_null(resource: Resource, include: Include, world: World) -> None:
    row = with_children(resource, include, world, 0)
    assert read(world, resource, row, include.name).json()[include.name] is None
    child = row_of(include.resource.model, world.acme, **{include.field: row})
    shown = client(world.acme.owner, world.acme).get(address(include.resource, child)).json()
    assert read(world, resource, row, include.name).json()[include.name] == shown


@for_each_include(DELETABLE, "include-deleted")
def test_deleted_children_are_left_out(resource: Resource, include: Include, world: World) -> None:
    row = with_children(resource, include, world, 1)
    with platform_context():
        include.resource.model.objects.filter(**{include.field: row}).delete()
    nested = read(world, resource, row, include.name).json()[include.name]
    assert nested == (None if include.single else {"results": [], "next": None})


@for_each_include(OTHER_AREA, "include-right")
def test_a_caller_who_may_not_list_the_children_gets_403_with_their_name(
    resource: Resource, include: Include, world: World
) -> None:
    row = with_children(resource, include, world, 1)
    with platform_context(tenant_id=world.acme.tenant.pk):
        UserCapabilityFactory(user=world.acme.owner, capability_key=f"{include.resource.area}.view", enabled=False)
    response = read(world, resource, row, include.name)
    assert problem(response) == (403, "missing_right")
    assert response.json()["include"] == include.name
    assert include.name in response.json()["detail"]
    assert client(world.acme.owner, world.acme).get(address(resource, row)).status_code == 200


@for_each_include(OTHER_FEATURE, "include-feature")
def test_children_of_a_feature_that_is_off_give_403(resource: Resource, include: Include, world: World) -> None:
    row = with_children(resource, include, world, 1)
    with platform_context(tenant_id=world.acme.tenant.pk):
        FeatureFlagFactory(feature_key=include.resource.feature, is_enabled=False)
    response = read(world, resource, row, include.name)
    assert problem(response) == (403, "feature_closed")
    assert response.json()["include"] == include.name
    assert client(world.acme.owner, world.acme).get(address(resource, row)).status_code == 200


@for_each_include(INCLUDES, "include-state")
def test_an_entity_tag_covers_included_children_and_if_match_only_the_row(
    resource: Resource, include: Include, world: World
) -> None:
    row = with_children(resource, include, world, 0)
    plain = client(world.acme.owner, world.acme).get(address(resource, row))["ETag"]
    before = read(world, resource, row, include.name)["ETag"]
    assert read(world, resource, row, include.name, HTTP_IF_NONE_MATCH=before).status_code == 304
    row_of(include.resource.model, world.acme, **{include.field: row})
    after = read(world, resource, row, include.name, HTTP_IF_NONE_MATCH=before)
    assert after.status_code == 200
    if client(world.acme.owner, world.acme).get(address(resource, row))["ETag"] == plain:
        # The version, which If-Match is held against, is the row's alone.
        assert after["ETag"].partition("-")[0] == before.partition("-")[0] == plain.partition("-")[0]


@for_each_resource([each for each in resources() if each.viewset.includes], "include-all")
def test_all_includes_together_run_the_same_number_of_queries_for_few_and_many_rows(
    resource: Resource, world: World
) -> None:
    includes = resource.viewset.includes
    row, names = row_of(resource.model, world.acme), ",".join(includes)
    _grow(row, includes.values(), world)
    assert read(world, resource, row, names).status_code == 200
    with CaptureQueriesContext(connection) as few:
        assert set(includes) <= set(read(world, resource, row, names).json())
    for _ in range(3):
        _grow(row, [each for each in includes.values() if not each.single], world)
    with CaptureQueriesContext(connection) as many:
        read(world, resource, row, names)
    assert len(few) == len(many)


@for_each_resource([each for each in offering("retrieve") if not each.viewset.includes], "include-none")
def test_a_resource_without_includes_rejects_the_parameter(resource: Resource, world: World) -> None:
    response = read(world, resource, row_of(resource.model, world.acme), "anything")
    assert problem(response)[0] == 400
    assert list(response.json()["errors"]) == ["include"]


def _grow(row: Any, includes: Iterable[Include], world: World) -> None:
    for include in includes:
        row_of(include.resource.model, world.acme, **{include.field: row})
