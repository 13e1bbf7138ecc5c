"""What each table refuses by itself: changes to what is append-only, values that are on no list."""

import re
from typing import Any

import psycopg
import pytest
from django.db import models

from lad.tenancy.context import platform_context, tenant_context
from tests.contract.catalogue import all_models, append_only_models, for_each, has_field, slug
from tests.contract.sql import DENIED, changes_to, column, execute, query, refused, regclass, table
from tests.contract.world import World, any_row, row_of

MODELS = all_models()
APPEND_ONLY = append_only_models()
TIMED = [model for model in MODELS if has_field(model, "updated_at")]


def value_lists(chosen: list[Any]) -> Any:
    return pytest.mark.parametrize(
        ("model", "field"),
        [
            pytest.param(model, field, id=f"{slug(model)}-{field.name}")
            for model in chosen
            for field in model._meta.fields
            if field.choices and isinstance(field, models.CharField)
        ],
    )


@for_each(APPEND_ONLY, "append-only")
def test_append_only_rows_stay_as_written_for_tenant_and_platform(model: Any, world: World) -> None:
    row = row_of(model, world.acme)
    for scope in (tenant_context(world.acme.tenant.pk), platform_context()):
        with scope:
            for statement in changes_to(model):
                with refused(DENIED):
                    execute(statement)
            assert query(f"SELECT 1 FROM {table(model)} WHERE id = %s", [row.pk])


@value_lists(MODELS)
def test_a_value_list_is_exactly_the_models(model: Any, field: Any, world: World) -> None:
    [(definition,)] = query(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
        [regclass(model), f"{model._meta.db_table}_{field.name}_valid"],
    )
    assert set(re.findall(r"'([^']*)'::", definition)) == {str(value) for value, _label in field.flatchoices}


@value_lists([model for model in MODELS if not model.append_only])
def test_a_value_on_no_list_is_refused(model: Any, field: Any, world: World) -> None:
    row = any_row(model, world.acme)
    with platform_context(), refused(psycopg.errors.CheckViolation):
        execute(f"UPDATE {table(model)} SET {column(model, field.name)} = 'no-such' WHERE id = %s", [row.pk])


@for_each(TIMED, "updated-at")
def test_every_change_moves_updated_at(model: Any, world: World) -> None:
    row = any_row(model, world.acme)
    moment = f"SELECT updated_at FROM {table(model)} WHERE id = %s"
    with platform_context():
        [(before,)] = query(moment, [row.pk])
        execute(f"UPDATE {table(model)} SET created_at = created_at WHERE id = %s", [row.pk])
        [(after,)] = query(moment, [row.pk])
    assert after > before


@for_each(MODELS, "defaults")
def test_the_database_fills_in_key_and_moment_by_itself(model: Any, world: World) -> None:
    filled = {
        name
        for (name,) in query(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND (atthasdef OR attidentity <> '')",
            [regclass(model)],
        )
    }
    wanted = {"id", "created_at", "updated_at"} & {field.column for field in model._meta.fields}
    assert wanted <= filled
