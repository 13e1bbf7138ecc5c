"""What is registered where."""

from typing import Any

from django.apps import apps
from django.urls import get_resolver

from lad.api import router
from lad.db.models import LadModel


def models() -> list[Any]:
    """Every table, by name."""
    found = [model for model in apps.get_models() if issubclass(model, LadModel)]
    return sorted(found, key=lambda model: model._meta.db_table)


def domains() -> dict[str, list[Any]]:
    """The tables by app, the apps in the order of the floors, the lowest first."""
    found: dict[str, list[Any]] = {config.label: [] for config in apps.get_app_configs()}
    for model in models():
        found[model._meta.app_label].append(model)
    return {label: tables for label, tables in found.items() if tables}


def resource_of(model: Any) -> router.Resource | None:
    """The model's resource in the API, if it is one."""
    # Reading the addresses is what registers them.
    assert get_resolver().url_patterns
    return next((each for each in router.resources() if each.model is model), None)
