"""Every page of the admin, for the platform, for the platform inside a tenant, and for a tenant's staff."""

import re
from typing import Any
from uuid import UUID

import pytest

from lad.tenancy.context import platform_context
from tenants.teams.models import Membership
from tests.contract.catalogue import slug
from tests.contract.pages import (
    PERSONAS,
    changed_entries,
    entries,
    faults,
    form_of,
    listed,
    page,
    persona,
    registered_models,
    rights_of,
    untouched,
)
from tests.contract.roles import ADMIN
from tests.contract.world import (
    World,
    any_row,
    is_one_per_tenant,
    retire,
    row_seen_by,
    template_of,
    uploads_of,
)

MODELS = sorted(registered_models(), key=slug)
EVERYBODY = (*PERSONAS, "viewer")


def cases(what: str, letter: str, *, personas: tuple[str, ...] = PERSONAS, allowed: bool = True) -> Any:
    """Each model with each persona, where the table allows (or refuses) the page."""
    return pytest.mark.parametrize(
        ("model", "who"),
        [
            pytest.param(model, who, id=f"{slug(model)}-admin-{what}-{who}")
            for model in MODELS
            for who in personas
            if (letter in rights_of(ADMIN, slug(model), who)) is allowed
        ],
    )


def live(model: Any) -> set[Any]:
    with platform_context():
        return set(model.objects.values_list("pk", flat=True))


def stored(model: Any, key: Any) -> Any:
    with platform_context():
        return model.all_objects.filter(pk=key).first()


def test_the_table_names_every_registered_model_and_no_other() -> None:
    assert set(ADMIN) == {slug(model) for model in MODELS}


# What a viewer sees is in test_crawl.py.
@cases("list", "R")
def test_the_list_shows_the_rows_and_can_be_sorted_and_searched(model: Any, who: str, world: World) -> None:
    row = row_seen_by(model, world.acme, world.acme.people.get(who))
    caller, url = persona(who, world), page(model, "changelist")
    response = caller.get(url)
    assert response.status_code == 200
    assert row.pk in listed(response)
    if who != "root":
        return
    columns = len(response.context["cl"].list_display)
    for query in ({"q": str(row.pk)}, {"q": "zz"}, {"o": ".".join(map(str, range(1, columns + 1)))}):
        assert caller.get(url, query).status_code == 200
    assert row.pk in listed(caller.get(url, {"q": str(row.pk)})) or not isinstance(row.pk, UUID)


@cases("list-filtered", "R", personas=("root",))
def test_every_filter_of_the_list_answers(model: Any, who: str, world: World) -> None:
    any_row(model, world.acme)
    caller, url = persona(who, world), page(model, "changelist")
    for spec in caller.get(url).context["cl"].filter_specs:
        for choice in getattr(spec, "lookup_choices", None) or []:
            parameter = spec.expected_parameters()[0]
            value = choice[0] if isinstance(choice, tuple | list) else choice
            assert caller.get(url, {parameter: value}).status_code == 200


@cases("list-refused", "R", personas=EVERYBODY, allowed=False)
def test_a_persona_without_the_view_right_gets_403_on_every_page(model: Any, who: str, world: World) -> None:
    row = any_row(model, world.acme)
    caller = persona(who, world)
    for url in (page(model, "changelist"), page(model, "change", row.pk), page(model, "history", row.pk)):
        assert caller.get(url).status_code == 403


@cases("add", "C")
def test_the_add_form_creates(model: Any, who: str, world: World) -> None:
    caller, url = persona(who, world), page(model, "add")
    served = caller.get(url)
    assert served.status_code == 200
    template = template_of(model, world.acme)
    form = form_of(served)
    data = {**untouched(served, model), **entries(form, template)}
    if "tenant" in form.fields:
        data["tenant"] = str(world.acme.tenant.pk)
    retire(template)
    before = live(model)
    response = caller.post(url, {**data, **uploads_of(model)})
    assert response.status_code == 302, faults(response)
    [key] = live(model) - before
    sent = {name: value for name, value in data.items() if name in entries(form, template) and name != "tenant"}
    shown = entries(form, stored(model, key))
    assert {name: shown.get(name) for name in sent} == sent
    if model.tenancy.field:
        assert stored(model, key).tenant_id == world.acme.tenant.pk


@cases("add-refused", "C", personas=EVERYBODY, allowed=False)
def test_a_persona_without_the_create_right_gets_403(model: Any, who: str, world: World) -> None:
    caller, before = persona(who, world), live(model)
    assert caller.get(page(model, "add")).status_code == 403
    assert caller.post(page(model, "add"), {}).status_code == 403
    assert live(model) == before


@cases("change", "U")
def test_the_change_form_changes(model: Any, who: str, world: World) -> None:
    row = any_row(model, world.acme)
    caller, url = persona(who, world), page(model, "change", row.pk)
    served = caller.get(url)
    assert served.status_code == 200
    form, template = form_of(served), template_of(model, world.acme)
    data = changed_entries(form, row, template)
    retire(template)
    assert data != entries(form, row)
    response = caller.post(url, {**_without(untouched(served, model), form), **data})
    assert response.status_code == 302, faults(response)
    assert entries(form, stored(model, row.pk)) == data


@cases("change-stale", "U", personas=("root",))
def test_a_form_that_was_opened_before_somebody_else_s_change_reverts_nothing(
    model: Any, who: str, world: World
) -> None:
    row = any_row(model, world.acme)
    caller, url = persona(who, world), page(model, "change", row.pk)
    served = caller.get(url)
    form, template, opened = form_of(served), template_of(model, world.acme), untouched(served, model)
    data = changed_entries(form, row, template)
    retire(template)
    assert caller.post(url, {**_without(opened, form), **data}).status_code == 302
    response = caller.post(url, opened)
    assert response.status_code == 302, faults(response)
    assert entries(form, stored(model, row.pk)) == data


@cases("change-refused", "U", personas=EVERYBODY, allowed=False)
def test_a_persona_without_the_update_right_can_at_most_view_the_row(model: Any, who: str, world: World) -> None:
    row = row_seen_by(model, world.acme, world.acme.people.get(who))
    caller, url = persona(who, world), page(model, "change", row.pk)
    if "R" in rights_of(ADMIN, slug(model), who) and who != "viewer":
        assert caller.get(url).status_code == 200
        assert caller.get(page(model, "history", row.pk)).status_code == 200
    assert caller.post(url, {}).status_code == 403


@cases("delete", "D")
def test_the_delete_page_deletes_and_soft_deleted_rows_can_be_restored(model: Any, who: str, world: World) -> None:
    row = any_row(model, world.acme)
    caller, url = persona(who, world), page(model, "delete", row.pk)
    assert caller.get(url).status_code == 200
    assert stored(model, row.pk) is not None
    response = caller.post(url, {"post": "yes"})
    assert response.status_code == 302, faults(response)
    assert row.pk not in live(model)
    if not model.soft_deletable:
        assert stored(model, row.pk) is None
        return
    assert stored(model, row.pk).deleted_at is not None
    if is_one_per_tenant(model) and who == "owner":
        # With the tenant gone its people are shut out; only the platform brings it back.
        assert caller.get(page(model, "changelist")).status_code != 200
        return
    if model is Membership and who == "owner":
        # Nobody becomes a member again without their consent.
        assert caller.post(page(model, "restore", row.pk)).status_code == 403
        assert stored(model, row.pk).deleted_at is not None
        return
    _restore(caller, model, row)


def _restore(caller: Any, model: Any, row: Any) -> None:
    url = page(model, "changelist")
    assert row.pk not in listed(caller.get(url))
    assert row.pk in listed(caller.get(url, {"deleted": "yes"}))
    assert caller.get(page(model, "change", row.pk)).status_code == 200
    assert caller.get(page(model, "restore", row.pk)).status_code == 200
    assert stored(model, row.pk).deleted_at is not None
    assert caller.post(page(model, "restore", row.pk)).status_code == 302
    assert stored(model, row.pk).deleted_at is None
    assert caller.get(page(model, "history", row.pk)).status_code == 200


@cases("delete-selected", "D", personas=("root", "owner"))
def test_the_list_deletes_the_selected_rows(model: Any, who: str, world: World) -> None:
    rows = [any_row(model, world.acme), any_row(model, world.acme)]
    selected = {"action": "delete_selected", "_selected_action": [str(row.pk) for row in rows]}
    caller, url = persona(who, world), page(model, "changelist")
    assert caller.post(url, selected).status_code == 200
    assert {row.pk for row in rows} <= live(model)
    assert caller.post(url, {**selected, "post": "yes"}).status_code == 302
    assert not {row.pk for row in rows} & live(model)


@cases("delete-refused", "D", personas=EVERYBODY, allowed=False)
def test_a_persona_without_the_delete_right_gets_403(model: Any, who: str, world: World) -> None:
    row = any_row(model, world.acme)
    caller = persona(who, world)
    assert caller.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert row.pk in live(model)


def _without(data: dict[str, str], form: Any) -> dict[str, str]:
    """The page's other inputs: inlines, management forms, the version."""
    return {name: value for name, value in data.items() if re.sub(r"_\d+$", "", name) not in form.fields}
