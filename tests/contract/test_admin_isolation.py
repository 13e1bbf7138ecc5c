"""The admin shows nothing of another tenant."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.widgets import AutocompleteMixin
from django.forms import ModelChoiceField
from django.urls import reverse

from lad.tenancy.context import platform_context
from tests.contract.catalogue import slug
from tests.contract.pages import entries, form_of, listed, page, persona, registered_models, rights_of, untouched
from tests.contract.roles import ADMIN
from tests.contract.sql import as_json
from tests.contract.world import World, has_rows_per_tenant, retire, row_of, template_of

MODELS = sorted((model for model in registered_models() if has_rows_per_tenant(model)), key=slug)
INSIDE = ("narrowed", "owner")


def cases(what: str, letter: str = "R") -> Any:
    return pytest.mark.parametrize(
        ("model", "who"),
        [
            pytest.param(model, who, id=f"{slug(model)}-admin-foreign-{what}-{who}")
            for model in MODELS
            for who in INSIDE
            if letter in rights_of(ADMIN, slug(model), who)
        ],
    )


@cases("list")
def test_the_list_shows_no_foreign_row(model: Any, who: str, world: World) -> None:
    row_of(model, world.acme)
    foreign = row_of(model, world.borealis)
    caller = persona(who, world)
    for query in ({}, {"q": str(foreign.pk)}, {"deleted": "all"} if model.soft_deletable else {}):
        response = caller.get(page(model, "changelist"), query)
        assert foreign.pk not in listed(response)
        assert page(model, "change", foreign.pk) not in response.content.decode()


@cases("pages")
def test_every_page_of_a_foreign_row_is_not_found(model: Any, who: str, world: World) -> None:
    foreign = row_of(model, world.borealis)
    before, rights = as_json(foreign), rights_of(ADMIN, slug(model), who)
    caller = persona(who, world)
    assert caller.get(page(model, "change", foreign.pk)).status_code == 404
    assert caller.get(page(model, "history", foreign.pk)).status_code == 404
    if "U" in rights:
        assert caller.post(page(model, "change", foreign.pk), {}).status_code == 404
    if "D" in rights:
        assert caller.get(page(model, "delete", foreign.pk)).status_code == 404
        assert caller.post(page(model, "delete", foreign.pk), {"post": "yes"}).status_code == 404
    if "D" in rights and model.soft_deletable:
        assert caller.post(page(model, "restore", foreign.pk)).status_code == 404
    assert as_json(foreign) == before


@cases("selected", "D")
def test_an_action_does_not_reach_a_foreign_row(model: Any, who: str, world: World) -> None:
    own, foreign = row_of(model, world.acme), row_of(model, world.borealis)
    before = as_json(foreign)
    selected = {"action": "delete_selected", "_selected_action": [str(foreign.pk)], "post": "yes"}
    persona(who, world).post(page(model, "changelist"), selected)
    assert as_json(foreign) == before
    with platform_context():
        assert model.objects.filter(pk=own.pk).exists()


@cases("choices", "C")
def test_no_choice_of_the_add_form_is_a_foreign_row(model: Any, who: str, world: World) -> None:
    caller = persona(who, world)
    served = caller.get(page(model, "add"))
    for name, foreign, query in _keys(served, model, who, world):
        assert not _offers(served, foreign), name
        offered = caller.get(reverse("admin:autocomplete"), query)
        assert offered.status_code == 200
        assert not _offers(offered, foreign), name


@cases("key", "C")
def test_the_add_form_does_not_take_a_foreign_row(model: Any, who: str, world: World) -> None:
    caller = persona(who, world)
    served = caller.get(page(model, "add"))
    for name, foreign, _query in _keys(served, model, who, world):
        template = template_of(model, world.acme)
        data = {**untouched(served, model), **entries(form_of(served), template), name: str(foreign.pk)}
        retire(template)
        with platform_context():
            before = model.all_objects.count()
        response = caller.post(page(model, "add"), data)
        assert response.status_code == 200, name
        assert name in form_of(response).errors
        with platform_context():
            assert model.all_objects.count() == before


def _offers(response: Any, row: Any) -> bool:
    """Whether the page or answer holds the row's key; a number counts only where it is a choice."""
    content = response.content.decode()
    if isinstance(row.pk, UUID):
        return str(row.pk) in content
    return f'<option value="{row.pk}"' in content or f'"id": "{row.pk}"' in content


def _keys(served: Any, model: Any, who: str, world: World) -> list[tuple[str, Any, dict[str, str]]]:
    """Each key of the form, a foreign row it must not offer, and the question its widget would ask."""
    found = []
    fields: dict[str, Any] = form_of(served).fields
    for name, field in fields.items():
        if not isinstance(field, ModelChoiceField) or field.queryset is None:
            continue
        target = field.queryset.model
        if who == "narrowed" and target.tenancy.field is None:
            # People belong to no tenant, and the platform may bring any of them into this one.
            continue
        widget = getattr(field.widget, "widget", field.widget)
        assert isinstance(widget, AutocompleteMixin), f"{name} lists every row instead of searching"
        query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": name}
        found.append((name, row_of(target, world.borealis), {**query, "term": ""}))
    return found
