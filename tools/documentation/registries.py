"""Read the registries of models, apps and API resources."""

from typing import Final

from django.apps import apps
from django.urls import get_resolver

from lad.api import router
from lad.db.models import LadModel

KERNEL: Final = "Kernel"


def models() -> list[type[LadModel]]:
    """Return the model of every table, sorted by table name."""
    found = [model for model in apps.get_models() if issubclass(model, LadModel)]
    return sorted(found, key=lambda model: model._meta.db_table)


def section_of(model: type[LadModel]) -> str:
    """Return the title of the section that lists the table: its app, or the kernel for all kernel apps."""
    config = apps.get_app_config(model._meta.app_label)
    return KERNEL if config.name.startswith("lad.") else str(config.verbose_name)


def sections() -> dict[str, list[type[LadModel]]]:
    """Return the tables by section, in the order of INSTALLED_APPS, which puts lower layers first."""
    order = [config.label for config in apps.get_app_configs()]
    found: dict[str, list[type[LadModel]]] = {}
    for model in sorted(models(), key=lambda model: order.index(model._meta.app_label)):
        found.setdefault(section_of(model), []).append(model)
    return {title: sorted(tables, key=lambda model: model._meta.db_table) for title, tables in found.items()}


def resource_of(model: type[LadModel]) -> router.Resource | None:
    """Return the model's API resource, or None."""
    # Loading the URLs registers the resources.
    assert get_resolver().url_patterns
    return next((each for each in router.resources() if each.model is model), None)
