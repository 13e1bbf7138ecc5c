"""The OpenAPI document: complete, exact, and the one that is committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from lad.api.openapi import document
from lad.api.router import resources
from lad.llm.purposes import purposes
from tests.factories.kernel import PURPOSES

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
UNSAFE = {"post", "put", "patch", "delete"}


@pytest.fixture(scope="module", autouse=True)
def only_real_purposes() -> Iterator[None]:
    """Take the factories' purposes out of the document."""
    made = [purposes.get(key) for key in PURPOSES]
    for purpose in made:
        purposes.unregister(purpose.key)
    document.cache_clear()
    yield
    for purpose in made:
        purposes.register(purpose)
    document.cache_clear()


@pytest.fixture(scope="module")
def schema(only_real_purposes: None) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document())
    return parsed


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in schema["paths"].items() for method, each in item.items()]


def test_the_committed_document_is_the_one_the_code_makes(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    assert COMMITTED.read_text() == made.read_text(), (
        "Run: python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_the_served_document_is_the_committed_one(db: None) -> None:
    served = Client().get("/api/v1/schema/")
    assert served["Content-Type"] == "application/vnd.oai.openapi+json"
    assert served.json() == json.loads(json.dumps(yaml.safe_load(COMMITTED.read_text()), default=str))


def test_the_document_answers_304_if_unchanged(db: None) -> None:
    served = Client().get("/api/v1/schema/")
    assert Client().get("/api/v1/schema/", HTTP_IF_NONE_MATCH=served["ETag"]).status_code == 304


def test_the_interactive_page_brings_its_own_assets(db: None) -> None:
    page = Client().get("/api/v1/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "//cdn." not in page


def test_every_registered_resource_is_in_the_document_with_its_methods(schema: dict[str, Any]) -> None:
    verbs = {"list": "get", "create": "post"}
    row_verbs = {"retrieve": "get", "update": "patch", "delete": "delete"}
    assert resources()
    for resource in resources():
        listed, row = schema["paths"][resource.url], schema["paths"].get(f"{resource.url}{{id}}/", {})
        assert {verbs[each] for each in resource.methods if each in verbs} <= set(listed), resource.url
        assert {row_verbs[each] for each in resource.methods if each in row_verbs} <= set(row), resource.url
        assert (f"{resource.url}{{id}}/restore/" in schema["paths"]) == resource.restorable


def test_every_operation_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    names = [each["operationId"] for _, _, each in operations(schema)]
    assert len(names) == len(set(names))


def test_every_operation_documents_how_it_fails(schema: dict[str, Any]) -> None:
    assert operations(schema)
    for path, method, each in operations(schema):
        expected = {"400", "429"}
        if each.get("security") == [{"bearer": []}]:
            expected |= {"401", "403"}
        if "{" in path:
            expected.add("404")
        if method in UNSAFE:
            expected.add("409")
        assert expected <= set(each["responses"]), (method, path)


def test_writes_document_idempotency_key_and_changes_if_match(schema: dict[str, Any]) -> None:
    def headers(path: str, method: str) -> set[str]:
        return {each.get("$ref", "").rpartition("/")[2] for each in schema["paths"][path][method]["parameters"]}

    assert "Idempotency-Key" in headers("/api/v1/feature-flags/", "post")
    assert {"Idempotency-Key", "If-Match"} <= headers("/api/v1/feature-flags/{id}/", "patch")
    assert "If-None-Match" in headers("/api/v1/feature-flags/{id}/", "get")
    assert "412" in schema["paths"]["/api/v1/feature-flags/{id}/"]["patch"]["responses"]


def test_a_body_may_hold_only_what_the_document_names(schema: dict[str, Any]) -> None:
    request = schema["components"]["schemas"]["FeatureFlagRequest"]
    assert request["additionalProperties"] is False
    assert sorted(request["properties"]) == ["config", "expires_at", "feature_key", "is_enabled", "user"]


def test_signing_in_needs_no_credential_and_everything_of_a_tenant_does(schema: dict[str, Any]) -> None:
    assert "security" not in schema["paths"]["/api/v1/auth/sign-in/"]["post"]
    assert schema["paths"]["/api/v1/feature-flags/"]["get"]["security"] == [{"bearer": []}]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
