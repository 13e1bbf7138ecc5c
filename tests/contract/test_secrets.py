"""Secrets are write-only: a marker is stored as a secret and searched for wherever rows are shown or recorded."""

from typing import Any

import pytest
from django.db import models

from lad.db.fields import EncryptedTextField, is_replaceable, is_secret
from lad.db.identifiers import as_uuid
from lad.tenancy.context import platform_context
from tests.contract.api import address, client, resources
from tests.contract.catalogue import all_models, slug
from tests.contract.pages import faults, page, persona, registered_models, rights_of, untouched
from tests.contract.roles import ADMIN
from tests.contract.sql import query, table
from tests.contract.world import World, any_row, row_of

MARKER = "marker-58c1e7f4"
SECRETS = [(model, field) for model in all_models() for field in model._meta.concrete_fields if is_secret(field)]
RESOURCE = {each.model: each for each in resources()}
MODELS = all_models()


def for_each_secret(chosen: list[tuple[Any, Any]], what: str) -> Any:
    return pytest.mark.parametrize(
        ("model", "field"),
        [pytest.param(model, field, id=f"{slug(model)}-{field.name}-{what}") for model, field in chosen],
    )


def _takes(model: Any, field: Any) -> bool:
    """Return whether the API accepts the secret."""
    resource = RESOURCE.get(model)
    return resource is not None and "update" in resource.methods and field.name in resource.serializer().fields


def _editable(model: Any) -> bool:
    return model in registered_models() and "U" in rights_of(ADMIN, slug(model), "root")


def with_marker(model: Any, field: Any, world: World) -> Any:
    """A row whose secret is the marker."""
    row = any_row(model, world.acme)
    with platform_context():
        setattr(row, field.name, MARKER.encode() if isinstance(field, models.BinaryField) else MARKER)
        row.save(update_fields=[field.name])
    return row


def stored(row: Any, field: Any) -> Any:
    with platform_context():
        return getattr(type(row).all_objects.get(pk=row.pk), field.name)


def tables_with_the_marker() -> set[str]:
    """Every table in which the marker can be read as plain text."""
    with platform_context():
        return {
            model._meta.db_table
            for model in MODELS
            if query(f"SELECT 1 FROM {table(model)} t WHERE to_jsonb(t)::text LIKE %s LIMIT 1", [f"%{MARKER}%"])
        }


@for_each_secret(SECRETS, "database")
def test_a_secret_appears_in_no_other_table(model: Any, field: Any, world: World) -> None:
    with_marker(model, field, world)
    own = set() if isinstance(field, EncryptedTextField) else {model._meta.db_table}
    assert tables_with_the_marker() <= own


@for_each_secret([each for each in SECRETS if each[0] in registered_models()], "admin")
def test_no_page_of_the_admin_shows_a_secret(model: Any, field: Any, world: World) -> None:
    row = with_marker(model, field, world)
    for who in ("root", "narrowed", "owner"):
        if "R" not in rights_of(ADMIN, slug(model), who):
            continue
        caller = persona(who, world)
        for url in (page(model, "changelist"), page(model, "change", row.pk), page(model, "history", row.pk)):
            response = caller.get(url)
            assert response.status_code == 200
            assert MARKER not in response.content.decode(), url


@for_each_secret([each for each in SECRETS if each[0] in RESOURCE], "api")
def test_no_answer_of_the_api_shows_a_secret(model: Any, field: Any, world: World) -> None:
    row, resource = with_marker(model, field, world), RESOURCE[model]
    caller = client(world.acme.owner, world.acme)
    for url in (resource.url, address(resource, row), f"/api/v1/audit-entries/?row={as_uuid(row.pk)}"):
        assert MARKER not in caller.get(url).content.decode(), url
    assert field.name not in resource.serializer(row).data


@for_each_secret([each for each in SECRETS if is_replaceable(each[1]) and _takes(*each)], "api-write")
def test_a_secret_is_replaced_through_the_api_and_not_returned(model: Any, field: Any, world: World) -> None:
    row = row_of(model, world.acme)
    response = client(world.acme.owner, world.acme).patch(
        address(RESOURCE[model], row), {field.name: MARKER}, format="json", HTTP_IDEMPOTENCY_KEY="one"
    )
    assert response.status_code == 200, response.content
    assert MARKER not in response.content.decode()
    assert stored(row, field) == MARKER
    assert tables_with_the_marker() == set()


@for_each_secret([each for each in SECRETS if is_replaceable(each[1]) and _editable(each[0])], "admin-write")
def test_a_secret_is_replaced_through_the_admin_and_an_empty_entry_keeps_it(
    model: Any, field: Any, world: World
) -> None:
    row, caller = row_of(model, world.acme), persona("root", world)
    url = page(model, "change", row.pk)
    for entered in (MARKER, ""):
        served = caller.get(url)
        assert MARKER not in served.content.decode()
        response = caller.post(url, {**untouched(served, model), field.name: entered})
        assert response.status_code == 302, faults(response)
        assert stored(row, field) == MARKER
    assert tables_with_the_marker() == set()


# Secrets that are sent to no server, or to one that only the installation's settings name.
SENT_TO_NO_CHOSEN_PLACE = {
    "email_accounts.access_token": "the writer forgets it when a server changes",
    "email_accounts.refresh_token": "sent to the issuer that the settings name",
    "second_factors.secret": "compared, never sent",
    "user_identities.access_token": "kept for the provider that the settings name",
    "user_identities.refresh_token": "kept for the provider that the settings name",
    "webhook_endpoints.secret": "signs calls, never sent",
}


def test_every_stored_secret_says_where_it_is_sent_or_why_nobody_can_choose_that() -> None:
    encrypted = [(model, field) for model, field in SECRETS if isinstance(field, EncryptedTextField)]
    open_ended = {
        f"{model._meta.db_table}.{field.name}"
        for model, field in encrypted
        if field.name not in model().secret_destinations()
    }
    assert len(encrypted) > len(SENT_TO_NO_CHOSEN_PLACE)
    assert open_ended == set(SENT_TO_NO_CHOSEN_PLACE)
