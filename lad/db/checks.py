"""System checks that refuse models without a safe tenancy."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import Error, Tags, register
from django.db import models

from lad.db.constraints import KeyConstraint, RowSecurity
from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import LadModel
from lad.tenancy.roles import FRAMEWORK_APPS


@register(Tags.models)
def check_tenancy(app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> list[Error]:
    """Check that every model declares its tenancy, is isolated, and is referenced safely."""
    wanted = {config.label for config in app_configs} if app_configs else None
    errors: list[Error] = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.app_label
        if label in FRAMEWORK_APPS or (wanted is not None and label not in wanted):
            continue
        errors += check_model(model)
    return errors


def check_model(model: type[models.Model]) -> Iterator[Error]:
    """Yield the errors of one model."""
    if not issubclass(model, LadModel) or getattr(model, "tenancy", None) is None:
        yield Error(
            f"{model._meta.label} does not declare its tenancy.",
            hint="Derive it from GlobalModel, TenantModel or SharedModel; give a many-to-many such a through model.",
            obj=model,
            id="lad.E001",
        )
        return
    yield from _policy(model)
    yield from _keys(model)
    if model.tenancy.field:
        yield from _unique_keys(model, model.tenancy.field)


def _policy(model: type[LadModel]) -> Iterator[Error]:
    if not any(isinstance(constraint, RowSecurity) for constraint in model._meta.constraints):
        yield Error(f"{model._meta.label} has no row-level security.", obj=model, id="lad.E002")


def _keys(model: type[LadModel]) -> Iterator[Error]:
    declared = {c.fields[-1] for c in model._meta.constraints if isinstance(c, KeyConstraint)}
    for field in model._meta.local_fields:
        if not isinstance(field, models.ForeignKey):
            continue
        target = getattr(field.related_model, "tenancy", None)
        if target is None or target.field is None:
            continue
        if not isinstance(field, TenantForeignKey | TenantUserKey | SharedForeignKey) or field.name not in declared:
            yield Error(
                f"{model._meta.label}.{field.name} could reference another tenant's row.",
                hint="Use TenantForeignKey: its database key includes the tenant.",
                obj=model,
                id="lad.E003",
            )


def _unique_keys(model: type[LadModel], tenant: str) -> Iterator[Error]:
    allowed = set(getattr(model, "unique_across_tenants", ()))
    for key in _unique_field_sets(model):
        if tenant not in key and not allowed.issuperset(key):
            yield Error(
                f"{model._meta.label} has a unique key on ({', '.join(key)}) that reveals other tenants' rows.",
                hint=f"Add {tenant} to the key, or list the field in unique_across_tenants and say why.",
                obj=model,
                id="lad.E004",
            )


def _unique_field_sets(model: type[LadModel]) -> Iterator[tuple[str, ...]]:
    yield from ((field.name,) for field in model._meta.local_fields if field.unique and not field.primary_key)
    yield from (tuple(fields) for fields in model._meta.unique_together)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            names = (name for expression in constraint.expressions for name in _names(expression))
            yield (*constraint.fields, *names)


def _names(expression: Any) -> Iterator[str]:
    """Yield the fields an expression refers to."""
    if isinstance(expression, models.F):
        yield expression.name  # type: ignore[attr-defined]
    else:
        for part in expression.get_source_expressions():
            yield from _names(part)
