"""Every role with every method of every resource, against the literal table in ``roles.py``."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.api.router import Resource
from tenants.access.roles import Role
from tenants.accounts.models import User
from tests.contract.api import address, changed_body, client, new_body, resources
from tests.contract.roles import ALLOWED
from tests.contract.world import World, is_one_per_tenant, retire, row_of, row_seen_by
from tests.support.api import problem

RESOURCES = resources()
LETTERS = {"C": "create", "R": "list", "U": "update", "D": "delete"}
CASES = [
    pytest.param(each, role, letter, id=f"{each.path}-api-{role}-{LETTERS[letter]}")
    for each in RESOURCES
    for role in Role.values
    for letter in LETTERS
]


def test_the_table_names_every_resource_and_no_other() -> None:
    assert set(ALLOWED) == {each.path for each in RESOURCES}
    assert all(set(row) == set(Role.values) for row in ALLOWED.values())


@pytest.mark.parametrize(("resource", "role", "letter"), CASES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(
    resource: Resource, role: str, letter: str, world: World
) -> None:
    allowed = letter in ALLOWED.get(resource.path, {}).get(role, "")
    person = world.acme.people[role]
    row = row_seen_by(resource.model, world.acme, person)
    body = _body(resource, letter, row, world, person)
    if letter == "C" and "create" in resource.methods and is_one_per_tenant(resource.model):
        retire(row)
    response = _CALLS[letter](client(person, world.acme), resource, row, body)
    if LETTERS[letter] not in resource.methods and hasattr(resource.viewset, LETTERS[letter]):
        # Written by a call of its own, which asks for more than a row's values; rights are asked first.
        assert problem(response)[0] == (400 if allowed else 403)
    elif LETTERS[letter] not in resource.methods:
        assert not allowed
        assert problem(response)[0] == 405
    elif allowed:
        assert response.status_code == _expected_status(resource, letter), response.content
    else:
        assert problem(response) == (403, "missing_right")
        assert response.json()["right"].startswith(f"{resource.area}.")


@pytest.mark.parametrize("resource", [pytest.param(each, id=f"{each.path}-api-anonymous") for each in RESOURCES])
def test_a_call_without_a_token_is_401_and_an_outsider_gets_403(resource: Resource, world: World) -> None:
    row = row_of(resource.model, world.acme)
    for letter, call in _CALLS.items():
        if LETTERS[letter] in resource.methods:
            stranger = call(client(), resource, row, {})
            assert problem(stranger)[0] == 401
            assert stranger["WWW-Authenticate"].startswith("Bearer")
            assert problem(call(client(world.outsider), resource, row, {}))[0] == 403
            assert problem(call(client(world.outsider, world.acme), resource, row, {}))[0] == 403


def _expected_status(resource: Resource, letter: str) -> int:
    """Return the status of the last call: a deleted row that can be restored is restored."""
    return {"C": 201, "R": 200, "U": 200, "D": 200 if resource.restorable else 204}[letter]


def _body(resource: Resource, letter: str, row: Any, world: World, person: User) -> dict[str, Any]:
    if LETTERS[letter] not in resource.methods or letter in "RD":
        return {}
    return new_body(resource, world.acme, person) if letter == "C" else changed_body(resource, row, world.acme)


def _list_and_read(caller: Any, resource: Resource, row: Any, _body: Any) -> Any:
    listed = caller.get(resource.url)
    if listed.status_code != 200 or "retrieve" not in resource.methods:
        return listed
    return caller.get(address(resource, row))


def _delete_and_restore(caller: Any, resource: Resource, row: Any, _body: Any) -> Any:
    deleted = caller.delete(address(resource, row))
    if deleted.status_code != 204 or not resource.restorable:
        return deleted
    return caller.post(address(resource, row, "restore/"))


_CALLS: dict[str, Callable[..., Any]] = {
    "C": lambda caller, resource, _row, body: caller.post(resource.url, body, format="json"),
    "R": _list_and_read,
    "U": lambda caller, resource, row, body: caller.patch(address(resource, row), body, format="json"),
    "D": _delete_and_restore,
}
