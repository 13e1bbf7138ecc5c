"""Speaking to the API as the people of the world, and bodies made from rows."""

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
from tests.contract.world import SET_ONCE, Company, retire, template_of

LARGEST_PAGE = 200


def resources() -> list[Resource]:
    """Every registered resource; reading the addresses is what registers them."""
    assert get_resolver().url_patterns
    return router.resources()


def for_each_resource(chosen: Iterable[Resource], what: str) -> Any:
    """Run a test once per resource, under ids such as ``memberships-api-list``."""
    return pytest.mark.parametrize("resource", [pytest.param(each, id=f"{each.path}-{what}") for each in chosen])


def offering(*methods: str) -> list[Resource]:
    return [each for each in resources() if set(methods) <= set(each.methods)]


def client(user: User | None = None, company: Company | None = None) -> Any:
    """A client that carries the person's token for the company; without a person, a stranger's."""
    if user is None:
        return APIClient()
    token = issue_access_token(user=user, tenant_id=company.tenant.pk if company else None)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a well-formed problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(document), document
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:lad:problem:{document['code']}"
    assert all(document[name] for name in ("title", "detail", "code"))
    return response.status_code, document["code"]


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [str(row["id"]) for row in response.json()["results"]]


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


def new_body(resource: Resource, company: Company, person: User | None = None) -> dict[str, Any]:
    """A body that would make a valid new row of the company, sent by the person if it matters who does."""
    template = template_of(resource.model, company, person)
    body = body_of(resource, template)
    retire(template)
    return body


def changed_body(resource: Resource, row: Any, company: Company) -> dict[str, Any]:
    """A valid body for the row in which every list and switch that may change differs from what the row holds."""
    body = new_body(resource, company)
    for name, value in body_of(resource, row).items():
        field = resource.model._meta.get_field(name)
        if name in SET_ONCE.get(resource.model, ()):
            body[name] = value
        elif field.choices and body[name] == value:
            body[name] = [choice for choice, _label in field.flatchoices if choice != value][-1]
        elif isinstance(field, models.BooleanField):
            body[name] = not value
    return body
