"""How many queries each list, page and write costs, recorded in query_counts.json: the same for few rows and many.

``UPDATE_QUERY_COUNTS=1`` writes the file anew.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.accounts.services import user_sessions
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership
from tests.contract.api import address, body_of, changed_body, client, new_body, offering
from tests.contract.catalogue import slug
from tests.contract.pages import page, persona, registered_models
from tests.contract.world import World, any_row, is_one_per_tenant, retire, row_of, template_of

RECORD = Path(__file__).with_name("query_counts.json")
FEW, MANY = 3, 12
# Beside those that only enter and leave scopes.
MAX_LIST_QUERIES = 10
# Opens a session, and gives what visits the page of a row with it.
Visit = Callable[[World], Callable[[Any], Any]]


@pytest.fixture(autouse=True)
def _sessions_used_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the statement that records once a minute that a session is used."""
    monkeypatch.setattr(user_sessions, "TOUCH_INTERVAL", timedelta(days=1))


def _admin_list(model: Any) -> Visit:
    def visit(world: World) -> Callable[[Any], Any]:
        caller = persona("root", world)
        return lambda row: caller.get(page(model, "changelist"))

    return visit


def _admin_change(model: Any) -> Visit:
    def visit(world: World) -> Callable[[Any], Any]:
        caller = persona("root", world)
        return lambda row: caller.get(page(model, "change", row.pk))

    return visit


def _api_list(resource: Any) -> Visit:
    return lambda world: lambda row: client(world.acme.owner, world.acme).get(resource.url)


def _api_retrieve(resource: Any) -> Visit:
    return lambda world: lambda row: client(world.acme.owner, world.acme).get(address(resource, row))


VISITS: dict[str, tuple[Any, Visit]] = {
    **{f"{slug(model)}-admin-list": (model, _admin_list(model)) for model in registered_models()},
    **{f"{slug(model)}-admin-change": (model, _admin_change(model)) for model in registered_models()},
    **{f"{each.path}-api-list": (each.model, _api_list(each)) for each in offering("list")},
    **{f"{each.path}-api-retrieve": (each.model, _api_retrieve(each)) for each in offering("retrieve")},
}


WRITES = {
    **{f"{each.path}-api-create": (each, "create") for each in offering("create")},
    **{f"{each.path}-api-patch": (each, "patch") for each in offering("update")},
}


def recorded() -> dict[str, int]:
    return dict(json.loads(RECORD.read_text())) if RECORD.exists() else {}


def _visits_by_table() -> list[Any]:
    """The visits of each table, which share its rows: making rows takes longer than a visit."""
    tables: dict[Any, dict[str, Visit]] = {}
    for name, (model, visit) in sorted(VISITS.items()):
        tables.setdefault(model, {})[name] = visit
    return [pytest.param(model, visits, id=f"{slug(model)}-visits") for model, visits in tables.items()]


@pytest.mark.parametrize(("model", "visits"), _visits_by_table())
def test_the_pages_of_a_table_run_the_recorded_number_of_queries_for_few_rows_and_for_many(
    model: Any, visits: dict[str, Visit], world: World
) -> None:
    row = any_row(model, world.acme)
    _grow(model, world, FEW - 1)
    opened = {name: visit(world) for name, visit in visits.items()}
    # The first visit fills caches that live as long as the process.
    assert {visit_row(row).status_code for visit_row in opened.values()} == {200}
    few = {name: _queries(visit_row, row) for name, visit_row in opened.items()}
    _grow(model, world, MANY - FEW)
    for name, visit_row in opened.items():
        many = _queries(visit_row, row)
        count = len(few[name])
        assert count == len(many), f"{name}: {count} for {FEW} rows, {len(many)} for {MANY}:\n" + "\n".join(many)
        if name.endswith("-list"):
            assert len([sql for sql in few[name] if "set_config(" not in sql]) <= MAX_LIST_QUERIES, name
        _compare(name, few[name])


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_write_runs_the_recorded_number_of_queries(name: str, world: World) -> None:
    resource, kind = WRITES[name]
    caller = client(world.acme.owner, world.acme)
    row = row_of(resource.model, world.acme)
    if kind == "create":
        call, body, where = caller.post, new_body(resource, world.acme), resource.url
        if is_one_per_tenant(resource.model):
            retire(row)
    else:
        call, where = caller.patch, address(resource, row)
        before = body_of(resource, row)
        body = {key: value for key, value in changed_body(resource, row, world.acme).items() if value != before[key]}
    # The first request fills caches that live as long as the process.
    assert caller.get(resource.url).status_code in (200, 405)
    statements = _captured(lambda: call(where, body, format="json"), 201 if kind == "create" else 200)
    _compare(name, statements)


def _compare(name: str, statements: list[str]) -> None:
    count, known = len(statements), recorded().get(name)
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        RECORD.write_text(json.dumps({**recorded(), name: count}, indent=2, sort_keys=True) + "\n")
        known = count
    assert count == known, f"{name}: {count}, recorded {known}:\n" + "\n".join(statements)


def test_the_record_has_no_entries_of_removed_pages() -> None:
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        kept = {name: count for name, count in recorded().items() if name in {*VISITS, *WRITES}}
        RECORD.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    assert set(recorded()) == {*VISITS, *WRITES}


def _grow(model: Any, world: World, count: int) -> None:
    """Add so many rows; a tenant gets neighbours, and people and features of its own."""
    for _ in range(count):
        if is_one_per_tenant(model):
            template_of(model, world.acme)
            row_of(Membership, world.acme)
            row_of(TenantFeature, world.acme)
        else:
            any_row(model, world.acme)


def _queries(visit: Callable[[Any], Any], row: Any) -> list[str]:
    """What the visit asked the database, without the savepoints that only a test's transaction needs."""
    return _captured(lambda: visit(row), 200)


def _captured(request: Callable[[], Any], status: int) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        response = request()
    assert response.status_code == status, response.content
    statements = [str(query["sql"])[:300] for query in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))]
