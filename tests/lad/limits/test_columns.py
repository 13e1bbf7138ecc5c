"""Every JSON and text column that people fill has a limit."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from lad.db.models import LadModel
from lad.limits import JsonLimit


def own_fields() -> list[Any]:
    return [
        pytest.param(model, field, id=f"{model._meta.label}.{field.name}")
        for model in apps.get_models()
        if issubclass(model, LadModel)
        for field in model._meta.local_fields
    ]


@pytest.mark.parametrize(("model", "field"), own_fields())
def test_every_column_that_people_fill_has_a_limit(model: Any, field: Any) -> None:
    if isinstance(field, models.JSONField):
        assert any(isinstance(each, JsonLimit) for each in field.validators)
    elif isinstance(field, models.TextField) and field.editable:
        assert field.max_length
