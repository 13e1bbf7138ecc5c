"""The system checks refuse a model whose tenancy is not settled; each is shown one that must not pass."""

from typing import Any, ClassVar

import pytest
from django.core.checks import run_checks
from django.db import models
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from lad.db.constraints import KeyConstraint, RowSecurity
from lad.db.fields import TenantForeignKey
from lad.db.models import GlobalModel, TenantModel
from lad.tenancy.checks import check_model, check_tenancy


def faults(model: Any) -> list[str]:
    return [str(error.id) for error in check_model(model)]


def without(model: Any, kind: type) -> Any:
    """The model as it would be had somebody removed its constraints of the kind."""
    model._meta.constraints = [constraint for constraint in model._meta.constraints if not isinstance(constraint, kind)]
    return model


def test_the_models_of_lad_pass() -> None:
    assert check_tenancy() == []
    assert [error for error in run_checks() if str(error.id).startswith("lad.")] == []


@isolate_apps("tenants")
def test_a_sound_model_passes() -> None:
    class Note(TenantModel):
        text = models.TextField()

        class Meta:
            app_label = "tenants"
            db_table = "notes"

    class Remark(TenantModel):
        note = TenantForeignKey(Note, on_delete=models.CASCADE)

        class Meta:
            app_label = "tenants"
            db_table = "remarks"
            constraints = [
                models.UniqueConstraint(fields=["tenant", "note"], name="remarks_note"),
                models.UniqueConstraint("tenant", Lower("note__text"), name="remarks_text"),
            ]

    assert faults(Note) == []
    assert faults(Remark) == []


@isolate_apps("tenants")
def test_a_model_that_says_nothing_about_tenancy_is_e001() -> None:
    class Stray(models.Model):
        class Meta:
            app_label = "tenants"

    assert faults(Stray) == ["lad.E001"]


@isolate_apps("tenants")
def test_a_many_to_many_table_that_django_makes_by_itself_is_e001() -> None:
    class Label(TenantModel):
        class Meta:
            app_label = "tenants"
            db_table = "labels"

    class Labelled(TenantModel):
        labels: Any = models.ManyToManyField(Label)

        class Meta:
            app_label = "tenants"
            db_table = "labelled"

    assert faults(Labelled.labels.through) == ["lad.E001"]


@isolate_apps("tenants")
def test_a_table_without_its_policy_is_e002() -> None:
    class Bare(TenantModel):
        class Meta:
            app_label = "tenants"
            db_table = "bare"

    assert faults(Bare) == []
    assert faults(without(Bare, RowSecurity)) == ["lad.E002"]


@isolate_apps("tenants")
def test_a_plain_key_between_tenants_tables_is_e003() -> None:
    class Target(TenantModel):
        class Meta:
            app_label = "tenants"
            db_table = "targets"

    class Pointing(TenantModel):
        target = models.ForeignKey(Target, on_delete=models.CASCADE)

        class Meta:
            app_label = "tenants"
            db_table = "pointing"

    class PointingFromOutside(GlobalModel):
        target = models.ForeignKey(Target, on_delete=models.CASCADE)

        class Meta:
            app_label = "tenants"
            db_table = "pointing_from_outside"

    class Undeclared(TenantModel):
        target = TenantForeignKey(Target, on_delete=models.CASCADE)

        class Meta:
            app_label = "tenants"
            db_table = "undeclared"

    assert faults(Pointing) == ["lad.E003"]
    assert faults(PointingFromOutside) == ["lad.E003"]
    assert faults(Undeclared) == []
    assert faults(without(Undeclared, KeyConstraint)) == ["lad.E003"]


UNIQUE_KEYS = {
    "field": {"field": {"unique": True}},
    "constraint": {"constraints": [models.UniqueConstraint(fields=["code"], name="leaks")]},
    "expression": {"constraints": [models.UniqueConstraint(Lower("code"), name="leaks")]},
    "partial": {"constraints": [models.UniqueConstraint(fields=["code"], condition=~models.Q(code=""), name="leaks")]},
    "together": {"unique_together": [("code", "created_at")]},
}


@pytest.mark.parametrize("key", UNIQUE_KEYS.values(), ids=UNIQUE_KEYS.keys())
@isolate_apps("tenants")
def test_a_unique_key_that_tells_of_other_tenants_is_e004(key: dict[str, Any]) -> None:
    class Leaking(TenantModel):
        code = models.CharField(max_length=10, **key.get("field", {}))

        class Meta:
            app_label = "tenants"
            db_table = "leaking"
            constraints = key.get("constraints", [])
            unique_together = key.get("unique_together", [])

    assert faults(Leaking) == ["lad.E004"]


@isolate_apps("tenants")
def test_a_key_that_must_be_unique_across_tenants_is_named_as_such() -> None:
    class Token(TenantModel):
        code = models.CharField(max_length=10, unique=True)

        unique_across_tenants: ClassVar[tuple[str, ...]] = ("code",)

        class Meta:
            app_label = "tenants"
            db_table = "tokens"

    assert faults(Token) == []
