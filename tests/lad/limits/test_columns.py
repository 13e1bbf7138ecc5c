"""Every JSON and text column that people fill has a limit."""

from typing import Any

from django.apps import apps
from django.db import models

from lad.db.models import LadModel
from lad.limits import JsonLimit


def own_fields() -> dict[str, Any]:
    return {
        f"{model._meta.label}.{field.name}": field
        for model in apps.get_models()
        if issubclass(model, LadModel)
        for field in model._meta.local_fields
    }


def has_its_limit(field: Any) -> bool:
    if isinstance(field, models.JSONField):
        return any(isinstance(each, JsonLimit) for each in field.validators)
    return not (isinstance(field, models.TextField) and field.editable) or bool(field.max_length)


def test_every_column_that_people_fill_has_a_limit() -> None:
    fields = own_fields()
    assert len(fields) > 1_000
    assert [name for name, field in fields.items() if not has_its_limit(field)] == []
