"""Keys include the tenant, so the database rejects references to other tenants."""

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import models

from lad.db.constraints import KeyConstraint
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context
from tests.contract.catalogue import all_models, composite_keys, for_each, keys_of, slug
from tests.contract.exemptions import NO_KEY, exempt
from tests.contract.sql import column, constraint_of, execute, insert_copy, query, refused, regclass, table
from tests.contract.world import GOES_WITH, World, linked, retire, row_of
from tests.factories.tenants import UserFactory

MODELS = all_models()
KEYS = [pytest.param(model, key, id=f"{slug(model)}-{key.fields[-1]}") for model, key in composite_keys()]
RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_a_composite_key_refuses_a_foreign_row(model: Any, key: KeyConstraint, world: World) -> None:
    own = row_of(model, world.acme)
    foreign = _foreign_target(model, key, world)
    with platform_context(), refused(psycopg.errors.ForeignKeyViolation) as caught:
        _point(own, key.fields[-1], foreign)
    # A field may stand in two keys, such as an activity's step: its tenant's, and its campaign's.
    assert constraint_of(caught) in {each.name for each in keys_of(model) if key.fields[-1] in each.fields}


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_a_composite_key_accepts_a_row_of_the_same_tenant(model: Any, key: KeyConstraint, world: World) -> None:
    written = linked(model, key.fields[-1], world.acme)
    if written is not None:
        assert getattr(written, f"{key.fields[-1]}_id")
        return
    own, other = row_of(model, world.acme), row_of(model, world.acme)
    target = getattr(other, f"{key.fields[-1]}_id") or _own_target(key, world)
    if key.fields[-1] in _unique_fields(model):
        retire(other)
    with platform_context():
        _point(own, key.fields[-1], target)


@for_each(MODELS, "keys")
def test_the_database_has_each_key_with_its_rule_for_deletion(model: Any, world: World) -> None:
    found = {
        name: (columns, RULES[rule])
        for name, columns, rule in query(
            "SELECT conname, ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, place)"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY place), confdeltype::text"
            " FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
            [regclass(model)],
        )
    }
    for key in keys_of(model):
        columns = [model._meta.get_field(field).column for field in key.fields]
        assert found[key.name] == (columns, key.on_delete)


@for_each(MODELS, "keys")
def test_a_key_between_rows_of_tenants_carries_the_tenant(model: Any, world: World) -> None:
    fields = [
        field
        for field in model._meta.fields
        if isinstance(field, TenantForeignKey) or (isinstance(field, TenantUserKey) and field.member)
    ]
    tenant = model.tenancy.field and model._meta.get_field(model.tenancy.field).column
    found = {
        tuple(columns)
        for (columns,) in query(
            "SELECT ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)"
            " ORDER BY attname) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
            [regclass(model)],
        )
    }
    for field in fields:
        assert tuple(sorted((tenant, field.column))) in found, field.name


@for_each(MODELS, "keys")
def test_every_relation_has_a_key_in_the_database(model: Any, world: World) -> None:
    keyed = {
        name
        for (name,) in query(
            "SELECT attname::text FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)"
            " WHERE conrelid = %s::regclass AND contype = 'f'",
            [regclass(model)],
        )
    }
    for field in model._meta.fields:
        if isinstance(field, models.ForeignKey):
            assert (field.column in keyed) is not exempt(NO_KEY, f"{slug(model)}-{field.name}"), field.name


def _point(row: Any, field: str, target: Any) -> None:
    model = type(row)
    values = {field: target, **GOES_WITH.get((model, field), {})}
    if model.append_only:
        named = {model._meta.get_field(name).column: value for name, value in values.items()}
        insert_copy(row, {**named, **{name: str(uuid7()) for name in _unique_texts(model)}})
    else:
        assignments = ", ".join(f"{column(model, name)} = %s" for name in values)
        execute(f"UPDATE {table(model)} SET {assignments} WHERE id = %s", [*values.values(), row.pk])


def _unique_fields(model: Any) -> set[str]:
    constraints = (each for each in model._meta.constraints if isinstance(each, models.UniqueConstraint))
    return {name for constraint in constraints for name in constraint.fields}


def _unique_texts(model: Any) -> list[str]:
    """Columns of text that two rows may not share."""
    fields = (model._meta.get_field(name) for name in _unique_fields(model))
    return [str(field.column) for field in fields if isinstance(field, models.CharField)]


def _foreign_target(model: Any, key: KeyConstraint, world: World) -> Any:
    """The id of a row that exists, but not in Acme."""
    field = model._meta.get_field(key.fields[-1])
    if isinstance(field, TenantUserKey):
        with platform_context():
            return UserFactory.create().pk
    assert isinstance(field, TenantForeignKey)
    return row_of(apps.get_model(key.to), world.borealis).pk


def _own_target(key: KeyConstraint, world: World) -> Any:
    target = apps.get_model(key.to)
    row = row_of(target, world.acme)
    return getattr(row, "user_id", row.pk) if key.to_fields[-1] == "user" else row.pk
