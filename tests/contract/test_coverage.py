"""Every model is covered by the suites, and every exemption is still needed."""

from typing import Any

from lad.tenancy.context import platform_context
from tests.contract.api import resources
from tests.contract.catalogue import all_models, factories, for_each, slug
from tests.contract.exemptions import NO_ADMIN, NO_API, NO_FACTORY, exempt, stale
from tests.contract.pages import registered_models
from tests.contract.world import World, any_row

MODELS = all_models()


@for_each(MODELS, "factory")
def test_every_model_has_a_factory(model: Any) -> None:
    assert model in factories() or exempt(NO_FACTORY, slug(model)), (
        f"{model._meta.label} has no factory: add {model.__name__}Factory to tests/factories."
    )


@for_each(MODELS, "admin")
def test_every_model_is_in_the_admin(model: Any) -> None:
    assert (model in registered_models()) is not exempt(NO_ADMIN, slug(model)), (
        f"{model._meta.label}: register it in the admin, or say in exemptions.py why not."
    )


@for_each(MODELS, "api")
def test_every_model_is_in_the_api(model: Any) -> None:
    assert (model in {resource.model for resource in resources()}) is not exempt(NO_API, slug(model)), (
        f"{model._meta.label}: register it in the API, or say in exemptions.py why not."
    )


def test_nothing_but_classified_models_is_in_the_admin_and_the_api() -> None:
    assert {model._meta.label for model in registered_models()} <= {model._meta.label for model in MODELS}
    assert {resource.model for resource in resources()} <= set(MODELS)


def test_exemptions_name_tables_that_exist() -> None:
    known = {slug(model) for model in MODELS}
    for suite in (NO_FACTORY, NO_ADMIN, NO_API):
        assert stale(suite, known) == set()


@for_each(MODELS, "factory-works")
def test_every_factory_makes_rows_that_pass_validation(model: Any, world: World) -> None:
    first, second = any_row(model, world.acme), any_row(model, world.acme)
    assert isinstance(first, model)
    if not any(field.editable for field in model._meta.fields):
        return
    with platform_context():
        for row in (first, second):
            row.full_clean()
