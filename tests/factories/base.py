"""The base of every factory: rows are made inside whatever scope the test has entered."""

from typing import Any, TypeVar

import factory
from factory.django import DjangoModelFactory

from lad.tenancy.context import default_tenant_id

T = TypeVar("T")


class ModelFactory(DjangoModelFactory[T]):
    """Makes rows of a model whatever its tenancy."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        return model_class.all_objects.create(*args, **kwargs)


class TenantModelFactory(ModelFactory[T]):
    """Makes rows of the current tenant: call it inside ``tenant_context`` or a narrowed ``platform_context``."""

    class Meta:
        abstract = True


class SharedModelFactory(ModelFactory[T]):
    """Makes rows of the current tenant, or everybody's with ``tenant_id=None`` or where no tenant is current."""

    tenant_id: Any = factory.LazyFunction(default_tenant_id)

    class Meta:
        abstract = True


def unique(text: str) -> Any:
    """``text`` with a running number for its ``%d``."""
    return factory.Sequence(lambda number: text % number)
