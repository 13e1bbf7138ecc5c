"""What API tests ask of an answer."""

from typing import Any

PROBLEM = "application/problem+json"


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a problem document; fails when the answer is none."""
    assert response["Content-Type"] == PROBLEM, response.content
    document = response.json()
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:lad:problem:{document['code']}"
    assert document["title"]
    assert document["request_id"] == response["X-Request-ID"]
    return response.status_code, document["code"]


def field_problems(response: Any) -> dict[str, list[str]]:
    """The field errors of a 400."""
    assert problem(response) == (400, "invalid")
    errors: dict[str, list[str]] = response.json()["errors"]
    return errors
