"""Shared rows: every tenant reads them, only the platform writes them, and keys may refer to them."""

from typing import Any

import psycopg
import pytest
from django.apps import apps

from lad.db.constraints import SharedKeyTrigger
from lad.db.fields import SharedForeignKey
from lad.tenancy.context import platform_context, tenant_context
from tests.contract.api import MAX_PAGE_SIZE, address, client, for_each_resource, resources
from tests.contract.catalogue import all_models, factory_of, for_each, slug
from tests.contract.pages import listed, page, persona, registered_models
from tests.contract.roles import ADMIN
from tests.contract.sql import (
    DENIED,
    as_json,
    column,
    constraint_of,
    execute,
    insert_copy,
    query,
    refused,
    table,
    touches_nothing,
)
from tests.contract.world import World, row_of
from tests.support.api import ids, problem

SHARED = [model for model in all_models() if model.tenancy.shared]
RESOURCES = [each for each in resources() if each.model in SHARED]
KEYS = [
    pytest.param(model, field, id=f"{slug(model)}-{field.name}")
    for model in all_models()
    for field in model._meta.fields
    if isinstance(field, SharedForeignKey)
]


def everybodys(model: Any) -> Any:
    """A row that belongs to no tenant."""
    with platform_context():
        row: Any = factory_of(model)(tenant_id=None)
    assert row.tenant_id is None
    return row


def test_there_are_tables_with_shared_rows() -> None:
    assert SHARED
    assert RESOURCES


@for_each(SHARED, "shared-read")
def test_every_tenant_reads_a_shared_row(model: Any, world: World) -> None:
    row = everybodys(model)
    for team in (world.acme, world.borealis):
        with tenant_context(team.tenant.pk):
            assert query(f"SELECT 1 FROM {table(model)} WHERE id = %s", [row.pk])
            assert model.objects.filter(pk=row.pk).exists()


@for_each(SHARED, "shared-write")
def test_no_tenant_writes_a_shared_row(model: Any, world: World) -> None:
    row = everybodys(model)
    before = as_json(row)
    with tenant_context(world.acme.tenant.pk):
        for statement in (f"UPDATE {table(model)} SET id = id", f"DELETE FROM {table(model)}"):
            touches_nothing(f"{statement} WHERE id = %s", row)
        with refused(DENIED):
            insert_copy(row, {})
    assert as_json(row) == before


@for_each([model for model in SHARED if not model.append_only], "shared-platform")
def test_the_platform_writes_a_shared_row(model: Any, world: World) -> None:
    row = everybodys(model)
    with platform_context():
        assert execute(f"UPDATE {table(model)} SET id = id WHERE id = %s", [row.pk]) == 1


@for_each([model for model in SHARED if not model.append_only], "shared-stays")
def test_not_even_the_platform_changes_the_tenant_of_a_row(model: Any, world: World) -> None:
    change = f"UPDATE {table(model)} SET {column(model, model.tenancy.field)} = %s WHERE id = %s"
    own, shared = row_of(model, world.acme), everybodys(model)
    for row, tenant_id in ((own, None), (own, world.borealis.tenant.pk), (shared, world.acme.tenant.pk)):
        with platform_context(), refused(psycopg.errors.IntegrityConstraintViolation):
            execute(change, [tenant_id, row.pk])


@for_each_resource(RESOURCES, "api-shared")
def test_the_api_shows_a_shared_row_to_every_tenant_and_lets_none_change_it(resource: Any, world: World) -> None:
    row = everybodys(resource.model)
    before = as_json(row)
    for team in (world.acme, world.borealis):
        caller = client(team.owner, team)
        assert str(row.pk) in ids(caller.get(resource.url, {"page_size": MAX_PAGE_SIZE}))
        assert caller.get(address(resource, row)).status_code == 200
        if "update" in resource.methods:
            assert problem(caller.patch(address(resource, row), {}, format="json")) == (403, "shared_row")
        if "delete" in resource.methods:
            assert problem(caller.delete(address(resource, row))) == (403, "shared_row")
    assert as_json(row) == before


@for_each([model for model in SHARED if model in registered_models()], "admin-shared")
def test_the_admin_shows_a_shared_row_to_a_tenants_staff_and_lets_none_change_it(model: Any, world: World) -> None:
    row = everybodys(model)
    before = as_json(row)
    owner = persona("owner", world)
    assert row.pk in listed(owner.get(page(model, "changelist")))
    assert owner.get(page(model, "change", row.pk)).status_code == 200
    # A tenant that may change its own rows gets a 404: the page locks the row, which row-level security then hides.
    expected = 404 if "U" in ADMIN[slug(model)]["owner"] else 403
    for name, data in (("change", {}), ("delete", {"post": "yes"})):
        assert owner.post(page(model, name, row.pk), data).status_code == expected
    assert as_json(row) == before
    assert row.pk in listed(persona("root", world).get(page(model, "changelist")))


@pytest.mark.parametrize(("model", "field"), KEYS)
def test_a_key_refers_to_rows_of_the_tenant_or_shared_ones_only(model: Any, field: Any, world: World) -> None:
    row, target = row_of(model, world.acme), apps.get_model(field.related_model._meta.label)
    own, shared, foreign = row_of(target, world.acme), everybodys(target), row_of(target, world.borealis)
    point = f"UPDATE {table(model)} SET {column(model, field.name)} = %s WHERE id = %s"
    with platform_context():
        assert execute(point, [own.pk, row.pk]) == 1
        assert execute(point, [shared.pk, row.pk]) == 1
        with refused(psycopg.errors.ForeignKeyViolation) as caught:
            execute(point, [foreign.pk, row.pk])
    triggers = {each.name for each in model._meta.constraints if isinstance(each, SharedKeyTrigger)}
    assert constraint_of(caught) in triggers
