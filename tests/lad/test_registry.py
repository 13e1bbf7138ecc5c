"""Registries of open vocabularies, and the field that stores their keys."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.db.migrations.writer import MigrationWriter

from lad.db.fields import RegisteredKeyField
from lad.mail.models import MailDelivery
from lad.registry import Registry, UnknownKey


@dataclass(frozen=True)
class Fruit:
    key: str
    label: str


@pytest.fixture
def fruits() -> Iterator[Registry[Fruit]]:
    registry = Registry[Fruit]("fruit")
    registry.register(Fruit("apple", "Apple"))
    yield registry


def test_a_registered_spec_is_found_by_its_key(fruits: Registry[Fruit]) -> None:
    pear = fruits.register(Fruit("pear", "Pear"))
    assert fruits.get("pear") is pear
    assert "pear" in fruits
    assert fruits.choices() == [("apple", "Apple"), ("pear", "Pear")]


def test_an_unknown_key_is_refused_with_the_known_ones(fruits: Registry[Fruit]) -> None:
    with pytest.raises(UnknownKey, match=r"The fruit 'fig' is not registered\. Registered: apple\."):
        fruits.get("fig")


def test_two_specs_with_one_key_are_refused(fruits: Registry[Fruit]) -> None:
    fruits.register(Fruit("apple", "Apple"))
    with pytest.raises(ValueError, match="'apple' is registered twice"):
        fruits.register(Fruit("apple", "Another apple"))


def test_a_field_accepts_a_key_from_the_moment_it_is_registered(fruits: Registry[Fruit]) -> None:
    field = RegisteredKeyField(max_length=20, registry=fruits)
    with pytest.raises(ValidationError):
        field.clean("pear", None)
    fruits.register(Fruit("pear", "Pear"))
    assert field.clean("pear", None) == "pear"
    assert field.flatchoices == [("apple", "Apple"), ("pear", "Pear")]


def test_a_migration_sees_a_plain_text_column(fruits: Registry[Fruit]) -> None:
    field = RegisteredKeyField(max_length=20, registry=fruits)
    assert MigrationWriter.serialize(field) == (
        "models.CharField(max_length=20)",
        {"from django.db import models"},
    )
    assert isinstance(field.clone(), models.CharField)


def test_the_database_has_no_check_on_an_open_vocabulary() -> None:
    checks = {each.name for each in MailDelivery._meta.constraints if isinstance(each, models.CheckConstraint)}
    assert "mail_deliveries_state_valid" in checks
    assert "mail_deliveries_kind_valid" not in checks
