"""The API reports rows of another tenant as missing."""

from typing import Any

import pytest

from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tests.contract.api import (
    MAX_PAGE_SIZE,
    address,
    changed_body,
    client,
    for_each_resource,
    new_body,
    offering,
    resources,
    writable_keys,
)
from tests.contract.sql import as_json
from tests.contract.world import World, row_of
from tests.support.api import ids, problem

KEYS = [
    pytest.param(each, name, id=f"{each.path}-api-foreign-{name}")
    for each in resources()
    for name in writable_keys(each)
]


def count(resource: Resource) -> int:
    with platform_context():
        return int(resource.model.all_objects.count())


@for_each_resource(offering("list"), "api-foreign-list")
def test_a_list_shows_no_foreign_row(resource: Resource, world: World) -> None:
    own, foreign = row_of(resource.model, world.acme), row_of(resource.model, world.borealis)
    caller = client(world.acme.owner, world.acme)
    shown = ids(caller.get(resource.url, {"page_size": MAX_PAGE_SIZE}))
    assert str(own.pk) in shown
    assert str(foreign.pk) not in shown
    if resource.restorable:
        with platform_context():
            foreign.delete()
        assert str(foreign.pk) not in ids(caller.get(resource.url, {"deleted": "true", "page_size": MAX_PAGE_SIZE}))


@for_each_resource(resources(), "api-foreign")
def test_a_row_of_another_tenant_is_404_for_every_method(resource: Resource, world: World) -> None:
    own, foreign = row_of(resource.model, world.acme), row_of(resource.model, world.borealis)
    before = as_json(foreign)
    caller = client(world.acme.owner, world.acme)
    body = changed_body(resource, own, world.acme) if "update" in resource.methods else {}
    responses = _calls(resource, caller, foreign, body)
    assert responses
    for method, response in responses.items():
        assert problem(response) == (404, "not_found"), method
    assert as_json(foreign) == before


@for_each_resource([each for each in resources() if each.restorable], "api-foreign-restore")
def test_a_deleted_row_of_another_tenant_cannot_be_restored(resource: Resource, world: World) -> None:
    foreign = row_of(resource.model, world.borealis)
    with platform_context():
        foreign.delete()
    before = as_json(foreign)
    response = client(world.acme.owner, world.acme).post(address(resource, foreign, "restore/"))
    assert problem(response) == (404, "not_found")
    assert as_json(foreign) == before


@pytest.mark.parametrize(("resource", "name"), KEYS)
def test_a_body_cannot_point_at_a_foreign_row(resource: Resource, name: str, world: World) -> None:
    target = resource.model._meta.get_field(name).related_model
    foreign = row_of(target, world.borealis)
    caller = client(world.acme.owner, world.acme)
    if "create" in resource.methods:
        body = {**new_body(resource, world.acme), name: str(foreign.pk)}
        before = count(resource)
        response = caller.post(resource.url, body, format="json")
        assert problem(response)[0] == 400
        assert name in response.json()["errors"]
        assert count(resource) == before
    if "update" in resource.methods:
        own = row_of(resource.model, world.acme)
        unchanged = as_json(own)
        response = caller.patch(address(resource, own), {name: str(foreign.pk)}, format="json")
        assert problem(response)[0] == 400
        assert name in response.json()["errors"]
        assert as_json(own) == unchanged


@for_each_resource(offering("create"), "api-foreign-tenant")
def test_a_body_cannot_choose_the_tenant(resource: Resource, world: World) -> None:
    body = {**new_body(resource, world.acme), "tenant": str(world.borealis.tenant.pk)}
    before = count(resource)
    response = client(world.acme.owner, world.acme).post(resource.url, body, format="json")
    assert problem(response)[0] == 400
    assert count(resource) == before


@for_each_resource(resources(), "api-foreign-header")
def test_a_header_chooses_only_among_own_memberships(resource: Resource, world: World) -> None:
    response = client(world.acme.owner, world.acme).get(resource.url, HTTP_X_TENANT_ID=str(world.borealis.tenant.pk))
    assert problem(response)[0] == 403


def _calls(resource: Resource, caller: Any, row: Any, body: dict[str, Any]) -> dict[str, Any]:
    """One answer per method the resource offers on a single row."""
    where = address(resource, row)
    calls = {}
    if "retrieve" in resource.methods:
        calls["GET"] = caller.get(where)
    if "update" in resource.methods:
        calls["PATCH"] = caller.patch(where, body, format="json")
        calls["PUT"] = caller.put(where, body, format="json")
    if "delete" in resource.methods:
        calls["DELETE"] = caller.delete(where)
    if resource.restorable:
        calls["restore"] = caller.post(address(resource, row, "restore/"))
    return calls
