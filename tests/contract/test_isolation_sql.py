"""SQL of one tenant against rows of another, and SQL without a tenant."""

from typing import Any

import psycopg
import pytest

from lad.db.fields import SharedForeignKey
from lad.tenancy.context import NoTenant, current_scope, platform_context, tenant_context
from tests.contract.catalogue import all_models, for_each, slug, tenant_models
from tests.contract.exemptions import EVERY_TENANT_READS, exempt
from tests.contract.sql import DENIED, column, execute, insert_copy, query, refused, role, table, touches_nothing
from tests.contract.world import World, has_rows_per_tenant, row_of, tenants_read

MODELS = all_models()
TENANT_MODELS = tenant_models()
WITH_ROWS_PER_TENANT = [model for model in MODELS if has_rows_per_tenant(model) and tenants_read(model)]
# Append-only tables refuse by trigger what no grant allows.
CHANGE_REFUSED = (DENIED, psycopg.errors.IntegrityConstraintViolation)


def _keys_to_shared_rows(model: Any) -> list[SharedForeignKey]:
    """Return the keys to shared rows that a row of the table must have."""
    return [each for each in model._meta.fields if isinstance(each, SharedForeignKey) and not each.null]


def _change_refused(model: Any) -> tuple[type[psycopg.Error], ...]:
    """Return how a change of a row's tenant is refused. The trigger of shared rows comes before the policy."""
    return (*CHANGE_REFUSED, psycopg.errors.ForeignKeyViolation) if _keys_to_shared_rows(model) else CHANGE_REFUSED


@for_each(MODELS, "unscoped")
def test_reading_without_a_scope_raises(model: Any, world: World) -> None:
    assert current_scope() is None
    for manager in (model.objects, model.all_objects, model._default_manager):
        with pytest.raises(NoTenant):
            manager.count()
        with pytest.raises(NoTenant):
            manager.filter(pk=world.acme.tenant.pk)


@for_each(MODELS, "unscoped")
def test_the_login_role_itself_may_neither_read_nor_write(model: Any, world: World) -> None:
    with refused(DENIED):
        list(model._base_manager.all()[:1])
    for statement in ("SELECT 1 FROM {}", "UPDATE {} SET id = id", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"):
        with refused(DENIED):
            execute(statement.format(table(model)))


@for_each(MODELS, "no-tenant")
def test_the_tenant_role_without_a_tenant_sees_no_row(model: Any, world: World) -> None:
    if has_rows_per_tenant(model):
        row_of(model, world.acme)
        row_of(model, world.borealis)
    if exempt(EVERY_TENANT_READS, slug(model)):
        return
    with role("lad_app"):
        if not tenants_read(model):
            with refused(DENIED):
                query(f"SELECT 1 FROM {table(model)}")
        elif getattr(model.tenancy, "shared", False):
            assert query(f"SELECT 1 FROM {table(model)} WHERE {column(model, model.tenancy.field)} IS NOT NULL") == []
        else:
            assert query(f"SELECT 1 FROM {table(model)}") == []


@for_each(WITH_ROWS_PER_TENANT, "foreign-read")
def test_a_tenant_reads_its_own_row_and_not_anothers(model: Any, world: World) -> None:
    own, foreign = row_of(model, world.acme), row_of(model, world.borealis)
    with tenant_context(world.acme.tenant.pk, user_id=world.acme.owner.pk):
        found = {key for (key,) in query(f"SELECT id FROM {table(model)} WHERE id IN (%s, %s)", [own.pk, foreign.pk])}
        assert found == {own.pk}
        assert model.all_objects.filter(pk__in=[own.pk, foreign.pk]).count() == 1
    with platform_context(tenant_id=world.acme.tenant.pk):
        if model.tenancy.field:
            assert not model.all_objects.filter(pk=foreign.pk).exists()


@for_each(WITH_ROWS_PER_TENANT, "foreign-write")
def test_a_tenant_cannot_change_or_delete_anothers_row(model: Any, world: World) -> None:
    foreign = row_of(model, world.borealis)
    with tenant_context(world.acme.tenant.pk, user_id=world.acme.owner.pk):
        for statement in (
            f"UPDATE {table(model)} SET id = id WHERE id = %s",
            f"DELETE FROM {table(model)} WHERE id = %s",
        ):
            touches_nothing(statement, foreign)


@for_each(TENANT_MODELS, "foreign-insert")
def test_a_tenant_cannot_insert_a_row_for_another(model: Any, world: World) -> None:
    foreign = row_of(model, world.borealis)
    # The trigger of shared rows comes before the policy.
    refusals = (DENIED, psycopg.errors.ForeignKeyViolation) if _keys_to_shared_rows(model) else (DENIED,)
    with tenant_context(world.acme.tenant.pk, user_id=world.acme.owner.pk), refused(*refusals):
        insert_copy(foreign, {})


@for_each(TENANT_MODELS, "move")
def test_a_tenant_cannot_move_its_row_to_another(model: Any, world: World) -> None:
    own = row_of(model, world.acme)
    with tenant_context(world.acme.tenant.pk, user_id=world.acme.owner.pk), refused(*_change_refused(model)):
        execute(
            f"UPDATE {table(model)} SET {column(model, model.tenancy.field)} = %s WHERE id = %s",
            [world.borealis.tenant.pk, own.pk],
        )


@for_each(TENANT_MODELS, "shared")
def test_a_tenant_cannot_make_its_row_shared(model: Any, world: World) -> None:
    own = row_of(model, world.acme)
    # Where a tenant is required the row is refused for having none; where rows may be shared, by the policy.
    with tenant_context(world.acme.tenant.pk), refused(*_change_refused(model), psycopg.errors.NotNullViolation):
        execute(f"UPDATE {table(model)} SET {column(model, model.tenancy.field)} = NULL WHERE id = %s", [own.pk])
