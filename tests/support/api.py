"""Read the responses of the API and the admin."""

from typing import Any

PROBLEM = "application/problem+json"


def problem(response: Any) -> tuple[int, str]:
    """Return the status and code of a problem document. Fail if the response is no well-formed one."""
    assert response["Content-Type"] == PROBLEM, response.content
    document = response.json()
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:lad:problem:{document['code']}"
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == response["X-Request-ID"]
    return response.status_code, document["code"]


def field_problems(response: Any) -> dict[str, list[str]]:
    """Return the field errors of a 400."""
    assert problem(response) == (400, "invalid")
    errors: dict[str, list[str]] = response.json()["errors"]
    return errors


def conflict(response: Any) -> str:
    """Return the sentence of a 409 for a duplicate, or for another rule of the table."""
    assert problem(response) == (409, "refused")
    return str(response.json()["detail"])


def ids(response: Any) -> list[str]:
    """Return the ids of the rows on a list page."""
    assert response.status_code == 200, response.content
    return [str(row["id"]) for row in response.json()["results"]]


def text(response: Any) -> str:
    """Return an HTML page with runs of white space collapsed."""
    return " ".join(response.content.decode().split())
