"""API clients of the people in the world, and request bodies made from rows."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import models
from django.urls import get_resolver
from rest_framework.test import APIClient
from rest_framework.utils.encoders import JSONEncoder

from lad.api import router
from lad.api.router import Resource
from lad.api.serializers import KeyField
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.tokens import issue_access_token
from tests.contract.world import DEPENDED_ON, SET_ONCE, Team, retire, template_of

MAX_PAGE_SIZE = 200


def resources() -> list[Resource]:
    """Return every registered resource. Loading the URLs registers them."""
    assert get_resolver().url_patterns
    return router.resources()


def for_each_resource(chosen: Iterable[Resource], what: str) -> Any:
    """Run a test once per resource, under ids such as ``memberships-api-list``."""
    return pytest.mark.parametrize("resource", [pytest.param(each, id=f"{each.path}-{what}") for each in chosen])


def offering(*methods: str) -> list[Resource]:
    return [each for each in resources() if set(methods) <= set(each.methods)]


def client(user: User | None = None, team: Team | None = None) -> Any:
    """A client that carries the person's token for the tenant; without a person, a stranger's."""
    if user is None:
        return APIClient()
    token = issue_access_token(user=user, tenant_id=team.tenant.pk if team else None)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def address(resource: Resource, row: Any, action: str = "") -> str:
    return f"{resource.url}{row.pk}/{action}"


def writable_fields(resource: Resource) -> dict[str, Any]:
    return {name: field for name, field in resource.serializer().fields.items() if not field.read_only}


def writable_keys(resource: Resource) -> list[str]:
    """Fields of the body that point at another row."""
    return [name for name, field in writable_fields(resource).items() if isinstance(field, KeyField)]


def body_of(resource: Resource, row: Any) -> dict[str, Any]:
    """What a caller would send to make this row."""
    with platform_context():
        shown = resource.serializer(row).data
    body = {name: shown[name] for name in writable_fields(resource) if name in shown}
    return dict(json.loads(json.dumps(body, cls=JSONEncoder)))


def new_body(resource: Resource, team: Team, person: User | None = None) -> dict[str, Any]:
    """A body that would make a valid new row of the tenant, sent by the person if it matters who does."""
    template = template_of(resource.model, team, person)
    body = body_of(resource, template)
    retire(template)
    return body


def changed_body(resource: Resource, row: Any, team: Team) -> dict[str, Any]:
    """A valid body for the row in which every list and switch that may change differs from what the row holds."""
    body = new_body(resource, team)
    for name, value in body_of(resource, row).items():
        # A field that is no column, such as a number that three columns hold, is sent as the new row has it.
        field: Any = {each.name: each for each in resource.model._meta.fields}.get(name)
        if field is None:
            continue
        if name in SET_ONCE.get(resource.model, set()) | DEPENDED_ON.get(resource.model, set()):
            body[name] = value
        elif field.choices and body[name] == value:
            body[name] = next((choice for choice, _label in reversed(field.flatchoices) if choice != value), value)
        elif isinstance(field, models.BooleanField):
            body[name] = not value
    return body
