"""Every failure is a problem document."""

from typing import Any

import pytest
from django.test import Client

from tests.support.api import field_problems, problem

pytestmark = [pytest.mark.urls("tests.lad.api.urls"), pytest.mark.usefixtures("plain_writes")]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("forbidden", (403, "not_allowed")),
        ("invalid", (400, "invalid")),
        ("throttled", (429, "throttled")),
        ("extra", (409, "conflict")),
        ("privilege", (403, "not_allowed")),
        ("data", (400, "invalid")),
        ("integrity", (409, "refused")),
        ("cancelled", (503, "unavailable")),
    ],
)
def test_a_failure_becomes_a_problem_document(api: Any, owner: Any, how: str, expected: tuple[int, str]) -> None:
    assert problem(api(owner).get(f"/api/v1/test/broken/{how}/")) == expected


def test_an_error_of_the_domain_shows_its_extra_members_but_they_replace_no_standard_one(api: Any, owner: Any) -> None:
    document = api(owner).get("/api/v1/test/broken/extra/").json()
    assert (document["detail"], document["by"], document["status"]) == ("Taken.", "somebody", 409)


def test_a_throttled_response_has_retry_after(api: Any, owner: Any) -> None:
    assert api(owner).get("/api/v1/test/broken/throttled/")["Retry-After"] == "7"


def test_a_bug_is_reported_with_its_request_id_and_without_details(api: Any, owner: Any) -> None:
    client = api(owner)
    client.raise_request_exception = False
    response = client.get("/api/v1/test/broken/bug/")
    assert problem(response) == (500, "internal_error")
    assert "secret" not in response.content.decode()
    assert "RuntimeError" not in response.content.decode()


def test_an_unknown_address_of_the_api_answers_as_the_api_does(db: None) -> None:
    assert problem(Client().get("/api/v1/no-such-thing")) == (404, "not_found")
    assert problem(Client().post("/api/v9/")) == (404, "not_found")


def test_an_unknown_address_elsewhere_is_an_ordinary_page(db: None) -> None:
    assert Client().get("/no-such-page")["Content-Type"].startswith("text/html")


def test_an_unknown_host_gets_a_problem_document(db: None) -> None:
    assert problem(Client().get("/api/v1/memberships/", HTTP_HOST="evil.test")) == (400, "bad_request")


def test_a_wrong_method_is_405_and_a_forbidden_one_403(api: Any, viewer: Any) -> None:
    response = api(viewer).put("/api/v1/memberships/", {}, format="json")
    assert problem(response) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"feature_key": NaN}',
        b"\xff\xfe",
        b'{"feature_key": "\\u0000"}',
        b'{"config": {"deep": ["\\ud800"]}}',
        b'{"\\u0000": 1}',
    ],
    ids=["cut short", "NaN", "no UTF-8", "NUL", "half a surrogate pair", "NUL in a name"],
)
def test_a_body_that_cannot_be_stored_is_refused(api: Any, owner: Any, body: bytes) -> None:
    response = api(owner).post("/api/v1/tenant-features/", body, content_type="application/json")
    assert problem(response) == (400, "not_json")


def test_a_body_that_is_not_an_object_is_refused(api: Any, owner: Any) -> None:
    for body in ("[]", '"text"', "null", "7"):
        response = api(owner).post("/api/v1/tenant-features/", body, content_type="application/json")
        assert problem(response) == (400, "invalid")


def test_another_media_type_is_refused(api: Any, owner: Any) -> None:
    response = api(owner).post("/api/v1/tenant-features/", "<a/>", content_type="application/xml")
    assert problem(response) == (415, "unsupported_media_type")


def test_nested_errors_name_the_path_of_their_field(api: Any, owner: Any) -> None:
    body = {"items": [{"amount": 1}, {"amount": 0, "colour": "red"}]}
    errors = field_problems(api(owner).post("/api/v1/test/nested/", body, format="json"))
    assert sorted(errors) == ["items.1.amount", "items.1.colour"]


def test_a_failed_request_leaves_no_rows(api: Any, owner: Any) -> None:
    client = api(owner)
    response = client.post("/api/v1/test/write-then-fail/", {"fail": True}, format="json")
    assert problem(response) == (409, "conflict")
    assert client.get("/api/v1/tenant-features/").json()["results"] == []
