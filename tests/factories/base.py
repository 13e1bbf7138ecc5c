"""Base factories. Rows are created in the scope that the test has entered."""

from typing import Any, TypeVar

import factory
from factory.django import DjangoModelFactory

from lad.tenancy.context import default_tenant_id

T = TypeVar("T")


class ModelFactory(DjangoModelFactory[T]):
    """Create rows of any model."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        return model_class.all_objects.create(*args, **kwargs)


class TenantModelFactory(ModelFactory[T]):
    """Create rows of the current tenant. Call it inside ``tenant_context`` or ``platform_context(tenant_id=…)``."""

    class Meta:
        abstract = True


class SharedModelFactory(ModelFactory[T]):
    """Create rows of the current tenant; shared rows with ``tenant_id=None`` or outside a tenant."""

    tenant_id: Any = factory.LazyFunction(default_tenant_id)

    class Meta:
        abstract = True


def unique(text: str) -> Any:
    """Return ``text`` with a sequence number for its ``%d``."""
    return factory.Sequence(lambda number: text % number)
