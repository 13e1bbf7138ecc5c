"""Every resource of the API: create, read, change, delete, restore."""

from typing import Any

from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tests.contract.api import (
    address,
    body_of,
    changed_body,
    client,
    for_each_resource,
    new_body,
    offering,
    resources,
    writable_fields,
)
from tests.contract.world import SET_ONCE, World, row_of
from tests.support.api import ids, problem

SOFT = [each for each in offering("delete") if each.model.soft_deletable]
HARD = [each for each in offering("delete") if not each.model.soft_deletable]


def fetch(resource: Resource, key: Any) -> Any:
    with platform_context():
        return resource.model.all_objects.filter(pk=key).first()


@for_each_resource(offering("create"), "api-create")
def test_a_row_is_created_and_answered_as_it_was_sent(resource: Resource, world: World) -> None:
    body = new_body(resource, world.acme)
    response = client(world.acme.owner, world.acme).post(resource.url, body, format="json")
    assert response.status_code == 201, response.content
    shown = response.json()
    assert {name: shown[name] for name in body} == body
    assert response["Location"] == f"{resource.url}{shown['id']}/"
    assert response["ETag"]
    row = fetch(resource, shown["id"])
    assert body_of(resource, row) == body
    if resource.model.tenancy.field:
        assert row.tenant_id == world.acme.tenant.pk


@for_each_resource(offering("retrieve"), "api-retrieve")
def test_a_row_is_read_without_its_secrets(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    response = client(world.acme.owner, world.acme).get(address(resource, row))
    assert response.status_code == 200, response.content
    assert str(response.json()["id"]) == str(row.pk)
    secrets = {field.name for field in resource.model._meta.fields if getattr(field, "secret", False)}
    assert not secrets & set(response.json())
    again = client(world.acme.owner, world.acme).get(address(resource, row), HTTP_IF_NONE_MATCH=response["ETag"])
    assert again.status_code == 304


@for_each_resource(offering("update"), "api-patch")
def test_a_row_is_changed_field_by_field(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    body = changed_body(resource, row, world.acme)
    changes = {name: value for name, value in body.items() if value != body_of(resource, row)[name]}
    assert changes, "nothing can be changed through this resource"
    caller = client(world.acme.owner, world.acme)
    before = caller.get(address(resource, row))["ETag"]
    response = caller.patch(address(resource, row), changes, format="json", HTTP_IF_MATCH=before)
    assert response.status_code == 200, response.content
    shown = response.json()
    assert {name: shown[name] for name in changes} == changes
    stored = body_of(resource, fetch(resource, row.pk))
    assert {name: stored[name] for name in changes} == changes
    assert response["ETag"] != before
    late = caller.patch(address(resource, row), changes, format="json", HTTP_IF_MATCH=before)
    assert problem(late) == (412, "precondition_failed")


@for_each_resource(offering("update"), "api-put")
def test_a_row_is_replaced(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    body = changed_body(resource, row, world.acme)
    response = client(world.acme.owner, world.acme).put(address(resource, row), body, format="json")
    assert response.status_code == 200, response.content
    assert body_of(resource, fetch(resource, row.pk)) == body


@for_each_resource([each for each in offering("update") if each.model in SET_ONCE], "api-set-once")
def test_a_field_that_is_set_once_cannot_be_changed(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    other = body_of(resource, row_of(resource.model, world.acme))
    names = SET_ONCE[resource.model] & set(writable_fields(resource))
    assert names
    for name in names:
        value = other[name] if other[name] != body_of(resource, row)[name] else "admin"
        response = client(world.acme.owner, world.acme).patch(address(resource, row), {name: value}, format="json")
        assert problem(response)[0] == 400
        assert name in response.json()["errors"]
    assert body_of(resource, fetch(resource, row.pk)) == body_of(resource, row)


@for_each_resource(HARD, "api-delete")
def test_a_row_is_deleted(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    caller = client(world.acme.owner, world.acme)
    assert caller.delete(address(resource, row)).status_code == 204
    assert problem(caller.get(address(resource, row))) == (404, "not_found")
    assert problem(caller.delete(address(resource, row))) == (404, "not_found")
    assert fetch(resource, row.pk) is None


@for_each_resource(SOFT, "api-delete-restore")
def test_a_row_is_marked_as_deleted_and_restored(resource: Resource, world: World) -> None:
    row, earlier = row_of(resource.model, world.acme), row_of(resource.model, world.acme)
    caller = client(world.acme.owner, world.acme)
    assert caller.delete(address(resource, earlier)).status_code == 204
    assert caller.delete(address(resource, row)).status_code == 204
    assert problem(caller.get(address(resource, row))) == (404, "not_found")
    assert fetch(resource, row.pk).deleted_at is not None
    assert str(row.pk) not in ids(caller.get(resource.url, {"page_size": 200}))
    assert {str(row.pk), str(earlier.pk)} <= set(ids(caller.get(resource.url, {"deleted": "true", "page_size": 200})))

    response = caller.post(address(resource, row, "restore/"))
    if not resource.restorable:
        assert problem(response) == (404, "not_found")
        return
    assert response.status_code == 200, response.content
    assert caller.get(address(resource, row)).status_code == 200
    assert fetch(resource, row.pk).deleted_at is None
    assert fetch(resource, earlier.pk).deleted_at is not None
    assert problem(caller.post(address(resource, row, "restore/")))[0] == 409


@for_each_resource(offering("create"), "api-unknown-field")
def test_a_body_with_an_unknown_field_is_refused_by_name(resource: Resource, world: World) -> None:
    body = {**new_body(resource, world.acme), "no_such_field": 1}
    response = client(world.acme.owner, world.acme).post(resource.url, body, format="json")
    assert problem(response)[0] == 400
    assert "no_such_field" in response.json()["errors"]


@for_each_resource(offering("update"), "api-read-only-field")
def test_fields_of_the_kernel_cannot_be_set(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    kept = {"id": str(world.borealis.tenant.pk), "created_at": "2001-01-01T00:00:00Z"}
    names = set(kept) - set(writable_fields(resource))
    assert names
    for name in names:
        response = client(world.acme.owner, world.acme).patch(address(resource, row), {name: kept[name]}, format="json")
        assert problem(response)[0] == 400
        assert name in response.json()["errors"]


@for_each_resource(resources(), "api-problems")
def test_every_failure_is_a_problem_document(resource: Resource, world: World) -> None:
    caller = client(world.acme.owner, world.acme)
    # Without a read of one row, the address exists only for the other methods on it.
    has_row_address = bool({"update", "delete"} & set(resource.methods))
    expected = 405 if has_row_address and "retrieve" not in resource.methods else 404
    assert problem(caller.get(f"{resource.url}{world.outsider.pk}/"))[0] == expected
    assert problem(caller.get(f"{resource.url}no-id/"))[0] == 404
    assert problem(caller.get(resource.url, {"no_such_filter": 1}))[0] == 400
    assert problem(caller.put(resource.url, {}, format="json")) == (405, "method_not_allowed")
    if "create" in resource.methods:
        assert problem(caller.generic("POST", resource.url, "{", content_type="application/json"))[0] == 400
        assert problem(caller.generic("POST", resource.url, "a=1", content_type="text/plain"))[0] == 415
        assert problem(caller.post(resource.url, [], format="json"))[0] == 400
