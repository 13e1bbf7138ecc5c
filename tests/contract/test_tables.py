"""Rules of the tables: append-only, value lists, defaults, triggers and exclusions."""

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from lad.db import deletion
from lad.db.constraints import NoOverlap
from lad.db.fields import RegisteredKeyField
from lad.tenancy.context import platform_context, tenant_context
from tests.contract.catalogue import all_models, append_only_models, for_each, has_field, slug
from tests.contract.sql import (
    DENIED,
    changes_to,
    column,
    constraint_of,
    execute,
    insert_copy,
    query,
    refused,
    regclass,
    table,
)
from tests.contract.world import World, any_row, held_with, row_of

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
            if field.choices and isinstance(field, models.CharField) and not isinstance(field, RegisteredKeyField)
        ],
    )


OPEN_VOCABULARIES = [
    pytest.param(model, field, id=f"{slug(model)}-{field.name}")
    for model in MODELS
    for field in model._meta.fields
    if isinstance(field, RegisteredKeyField)
]


@for_each(APPEND_ONLY, "append-only")
def test_append_only_rows_stay_as_written_for_tenant_and_platform(model: Any, world: World) -> None:
    row = row_of(model, world.acme)
    for scope in (tenant_context(world.acme.tenant.pk), platform_context()):
        with scope:
            for statement in changes_to(model):
                with refused(DENIED):
                    execute(statement)
    with platform_context():
        assert query(f"SELECT 1 FROM {table(model)} WHERE id = %s", [row.pk])


@value_lists(MODELS)
def test_a_check_allows_exactly_the_choices_of_the_model(model: Any, field: Any, world: World) -> None:
    [(definition,)] = query(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
        [regclass(model), f"{model._meta.db_table}_{field.name}_valid"],
    )
    found = {text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'::", definition)}
    empty = {""} if field.blank and not field.null else set()
    assert found == {str(value) for value, _label in field.flatchoices} | empty


@value_lists([model for model in MODELS if not model.append_only])
def test_a_value_outside_the_choices_is_rejected(model: Any, field: Any, world: World) -> None:
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
def test_the_database_sets_default_keys_and_times(model: Any, world: World) -> None:
    filled = {
        name
        for (name,) in query(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND (atthasdef OR attidentity <> '')",
            [regclass(model)],
        )
    }
    wanted = {"id", "created_at", "updated_at"} & {field.column for field in model._meta.fields}
    assert wanted <= filled


@for_each([model for model in MODELS if has_field(model, "is_deleted")], "deleted-flag")
def test_is_deleted_follows_deleted_at(model: Any, world: World) -> None:
    row = any_row(model, world.acme)
    flag = f"SELECT is_deleted FROM {table(model)} WHERE id = %s"
    with platform_context():
        assert query(flag, [row.pk]) == [(False,)]
        row.delete()
        assert query(flag, [row.pk]) == [(True,)]
        deletion.restore(model.all_objects.get(pk=row.pk))
        assert query(flag, [row.pk]) == [(False,)]
        with refused(psycopg.errors.GeneratedAlways):
            execute(f"UPDATE {table(model)} SET is_deleted = true WHERE id = %s", [row.pk])


@pytest.mark.parametrize(
    ("model", "constraint"),
    [
        pytest.param(model, each, id=f"{each.name}-overlap")
        for model in MODELS
        for each in model._meta.constraints
        if isinstance(each, NoOverlap)
    ],
)
def test_periods_must_not_overlap_but_may_touch(model: Any, constraint: NoOverlap, world: World) -> None:
    row = row_of(model, world.acme, **held_with(constraint.name, world.acme))
    start, end = (model._meta.get_field(name) for name in (constraint.start, constraint.end))
    apart = _other_holders(constraint, row_of(model, world.acme))
    first, later = timezone.now(), timezone.now() + timedelta(hours=1)
    with platform_context():
        model.all_objects.filter(pk=row.pk).update(**{start.name: first, end.name: later})
        with refused(psycopg.errors.ExclusionViolation) as caught:
            insert_copy(row, {**apart, start.column: str(first + timedelta(minutes=30)), end.column: str(later)})
        assert constraint_of(caught) == constraint.name
        insert_copy(row, {start.column: str(later), end.column: str(later + timedelta(hours=1))})


def _other_holders(constraint: NoOverlap, other: Any) -> dict[str, Any]:
    """Columns, with another row's values, that keep a copy clear of the table's other constraints of the kind."""
    model = type(other)
    constraints = (each for each in model._meta.constraints if isinstance(each, NoOverlap))
    names = {name for each in constraints for name in each.fields} - set(constraint.fields)
    fields = [model._meta.get_field(name) for name in names]
    return {field.column: getattr(other, field.attname) for field in fields}


@pytest.mark.parametrize(("model", "field"), OPEN_VOCABULARIES)
def test_the_database_accepts_a_new_key_of_an_open_vocabulary(model: Any, field: Any, world: World) -> None:
    row = any_row(model, world.acme)
    with platform_context():
        execute(f"UPDATE {table(model)} SET {column(model, field.name)} = 'no-such' WHERE id = %s", [row.pk])
        stored = query(f"SELECT {column(model, field.name)} FROM {table(model)} WHERE id = %s", [row.pk])
    assert stored == [("no-such",)]


@pytest.mark.parametrize(("model", "field"), OPEN_VOCABULARIES)
def test_the_application_rejects_a_key_that_is_not_registered(model: Any, field: Any) -> None:
    with pytest.raises(ValidationError):
        field.clean("no-such", None)


@for_each([model for model in MODELS if model.label_fields], "labels")
def test_labels_of_many_rows_are_those_of_whole_rows(world: World, model: Any, django_assert_num_queries: Any) -> None:
    row = any_row(model, world.acme)
    with platform_context(), django_assert_num_queries(1):
        assert model.labels([row.pk]) == {row.pk: row.label}
