"""The models that the suites run over, and their factories."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from factory.django import DjangoModelFactory

import tests.factories
from lad.db.constraints import KeyConstraint
from lad.db.models import LadModel

Model = Any


def _from(predicate: Callable[[Model], bool]) -> list[Model]:
    models = [model for model in apps.get_models() if issubclass(model, LadModel) and predicate(model)]
    return sorted(models, key=slug)


def slug(model: Model) -> str:
    """The table's name as it stands in addresses and test ids."""
    return str(model._meta.db_table).replace("_", "-")


def all_models() -> list[Model]:
    return _from(lambda model: True)


def tenant_models() -> list[Model]:
    """Models whose rows belong to a tenant."""
    return _from(lambda model: model.tenancy.field is not None)


def global_models() -> list[Model]:
    return _from(lambda model: model.tenancy.field is None)


def append_only_models() -> list[Model]:
    return _from(lambda model: model.append_only)


def soft_deletable_models() -> list[Model]:
    return _from(lambda model: model.soft_deletable)


def has_field(model: Model, name: str) -> bool:
    return any(field.name == name for field in model._meta.fields)


def keys_of(model: Model) -> list[KeyConstraint]:
    return [constraint for constraint in model._meta.constraints if isinstance(constraint, KeyConstraint)]


def composite_keys() -> list[tuple[Model, KeyConstraint]]:
    """Every key that carries the tenant and ends in a relation."""
    keys = ((model, key) for model in all_models() for key in keys_of(model) if len(key.fields) > 1)
    return [(model, key) for model, key in keys if model._meta.get_field(key.fields[-1]).is_relation]


def for_each(models: Iterable[Model], what: str) -> Any:
    """Run a test once per model, under ids such as ``memberships-admin-list``."""
    return pytest.mark.parametrize("model", [pytest.param(model, id=f"{slug(model)}-{what}") for model in models])


@cache
def factories() -> dict[Model, type[DjangoModelFactory]]:
    """Each model's own factory: the one named ``<Model>Factory``."""
    for module in pkgutil.iter_modules(tests.factories.__path__, "tests.factories."):
        importlib.import_module(module.name)
    found: dict[Model, type[DjangoModelFactory]] = {}
    waiting = list(DjangoModelFactory.__subclasses__())
    while waiting:
        factory = waiting.pop()
        waiting += factory.__subclasses__()
        model = factory._meta.model
        if model is not None and not factory._meta.abstract and factory.__name__ == f"{model.__name__}Factory":
            found[model] = factory
    return found


def factory_of(model: Model) -> type[DjangoModelFactory]:
    if model not in factories():
        pytest.fail(f"{model._meta.label} has no factory: add {model.__name__}Factory to tests/factories.")
    return factories()[model]
