"""Access to views: a view declares what it needs, and one without a declaration is denied."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from lad.api import permissions
from tests.factories.tenants import PASSWORD
from tests.support.api import problem

pytestmark = [pytest.mark.urls("tests.lad.api.urls"), pytest.mark.usefixtures("plain_writes")]


def test_a_view_that_declares_nothing_is_refused_even_to_the_owner(api: Any, owner: Any) -> None:
    assert problem(api(owner).get("/api/v1/test/undeclared/")) == (403, "not_allowed")


def test_a_stranger_is_asked_to_sign_in(api: Any, db: None) -> None:
    response = api().get("/api/v1/memberships/")
    assert problem(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_forged_token_is_refused(api: Any, owner: Any) -> None:
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer forged.token.here")
    assert client.get("/api/v1/memberships/").status_code == 401


def test_a_public_view_serves_strangers_and_those_with_a_stale_token(api: Any, db: None) -> None:
    client = api()
    assert client.get("/api/v1/test/public/").json() == {"stranger": True}
    client.credentials(HTTP_AUTHORIZATION="Bearer forged.token.here")
    assert client.get("/api/v1/test/public/").status_code == 200


def test_a_personal_view_needs_no_right_but_a_person(api: Any, viewer: Any) -> None:
    assert api(viewer).get("/api/v1/test/personal/").json() == {"email": viewer.email}
    assert api().get("/api/v1/test/personal/").status_code == 401


def test_a_missing_right_is_named(api: Any, viewer: Any) -> None:
    response = api(viewer).post("/api/v1/feature-flags/", {"feature_key": "voice-agent"}, format="json")
    assert problem(response) == (403, "missing_right")
    assert response.json()["right"] == "features.create"


def test_a_right_named_for_a_method_wins_over_the_area(api: Any, owner: Any, admin: Any) -> None:
    assert api(admin).get("/api/v1/test/other-right/").status_code == 200
    assert problem(api(admin).post("/api/v1/test/other-right/")) == (403, "missing_right")
    assert api(owner).post("/api/v1/test/other-right/").status_code == 200


def test_a_closed_feature_closes_its_endpoints_and_says_why(
    api: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "_gate", lambda access, key: (False, f"{key} is being repaired."))
    response = api(owner).get("/api/v1/test/gated/")
    assert problem(response) == (403, "feature_closed")
    assert response.json()["detail"] == "flux-capacitor is being repaired."

    monkeypatch.setattr(permissions, "_gate", lambda access, key: (True, ""))
    assert api(owner).get("/api/v1/test/gated/").status_code == 200


def test_a_feature_without_a_gate_is_off(api: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_gate", permissions._closed_by_default)
    assert problem(api(owner).get("/api/v1/test/gated/")) == (403, "feature_closed")


def test_a_foreign_row_is_not_found_whatever_the_method(api: Any, owner: Any, other_owner: Any) -> None:
    foreign = api(other_owner).get("/api/v1/memberships/").json()["results"][0]["id"]
    client = api(owner)
    assert problem(client.get(f"/api/v1/memberships/{foreign}/")) == (404, "not_found")
    for method in ("put", "patch", "delete"):
        response = client.generic(
            method.upper(), f"/api/v1/memberships/{foreign}/", '{"role": "viewer"}', content_type="application/json"
        )
        assert problem(response) == (404, "not_found")
    assert problem(client.post(f"/api/v1/memberships/{foreign}/restore/")) == (404, "not_found")


def test_a_session_may_read_but_writes_only_with_the_forgery_token(owner: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.get("/api/v1/memberships/").status_code == 200
    response = browser.post("/api/v1/tenant-features/", {"feature_key": "voice-agent"}, content_type="application/json")
    assert problem(response) == (403, "not_allowed")


def test_answers_are_private_and_differ_by_caller(api: Any, owner: Any) -> None:
    response = api(owner).get("/api/v1/memberships/")
    assert response["Cache-Control"] == "private, no-cache"
    assert {"authorization", "x-tenant-id", "cookie"} <= {name.strip().lower() for name in response["Vary"].split(",")}


def test_an_address_answers_without_its_closing_slash_for_every_method(api: Any, owner: Any) -> None:
    client: APIClient = api(owner)
    made = client.post("/api/v1/tenant-features", {"feature_key": "voice-agent"}, format="json")
    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/tenant-features/{made.json()['id']}/"
    assert client.get("/api/v1/tenant-features?page_size=1").status_code == 200
    assert client.delete(f"/api/v1/tenant-features/{made.json()['id']}").status_code == 204


def test_an_app_on_its_own_origin_may_call_with_credentials(db: None) -> None:
    headers: Any = {
        "HTTP_ORIGIN": "http://localhost:5173",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PATCH",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization,if-match,idempotency-key,x-tenant-id",
    }
    preflight = Client().options("/api/v1/memberships/", **headers)
    assert preflight.status_code == 200
    assert preflight["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert preflight["Access-Control-Allow-Credentials"] == "true"
    assert "idempotency-key" in preflight["Access-Control-Allow-Headers"]
    answer = Client().get("/api/v1/memberships/", HTTP_ORIGIN="http://localhost:5173")
    assert "etag" in answer["Access-Control-Expose-Headers"]


def test_an_app_on_an_unknown_origin_gets_no_cors_headers(db: None) -> None:
    answer = Client().get("/api/v1/memberships/", HTTP_ORIGIN="https://evil.test")
    assert "Access-Control-Allow-Origin" not in answer


def test_the_password_of_the_factories_is_no_answer(api: Any, owner: Any) -> None:
    listed = api(owner).get("/api/v1/users/").content.decode()
    assert owner.email in listed
    assert PASSWORD not in listed
    assert owner.password not in listed
