"""Requests, columns, error lists and answers are bounded, and a refusal names its limit."""

import json
from typing import Any

import pytest

from lad import limits
from tests.leads.helpers import LEADS
from tests.support.api import field_problems, problem, text

pytestmark = pytest.mark.usefixtures("stages")

SMALL = 10_000


def post(client: Any, body: object, url: str = LEADS) -> Any:
    response = client.post(url, json.dumps(body), content_type="application/json")
    # Nothing reflects a huge input.
    assert len(response.content) < SMALL
    return response


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_request_over_the_limit_is_413_and_says_what_the_limit_is(api: Any, member: Any) -> None:
    response = post(api(member), {"first_name": "x" * 2_700_000})
    assert problem(response) == (413, "request_too_large")
    assert "2,560 KB" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (json.dumps({f"k{number}": 1 for number in range(150_000)}), "50,000 names and list items"),
        (json.dumps({"custom_fields": [0] * 60_000}), "50,000 names and list items"),
        (json.dumps({"custom_fields": nested(100)}), "64 levels"),
        ("[" * 100_000, "64 levels"),
    ],
    ids=["keys", "items", "deep", "bottomless"],
)
def test_a_request_with_too_many_values_is_413(api: Any, member: Any, body: str, limit: str) -> None:
    response = api(member).post(LEADS, body, content_type="application/json")
    assert problem(response) == (413, "request_too_large")
    assert limit in response.json()["detail"]
    assert len(response.content) < SMALL


def test_many_unknown_fields_are_named_in_part(api: Any, member: Any) -> None:
    response = post(api(member), {f"key{number}": 1 for number in range(40_000)})
    errors = field_problems(response)
    assert errors["non_field_errors"] == [f"There are {40_000 - limits.MAX_UNKNOWN_FIELDS:,} more unknown fields."]
    assert sum(name.startswith("key") for name in errors) == limits.MAX_UNKNOWN_FIELDS


def test_a_long_list_of_errors_is_cut_and_says_how_many_are_missing(api: Any, member: Any) -> None:
    response = post(api(member), {"leads": ["x"] * 450, "stage": "new"}, url=f"{LEADS}bulk/move/")
    document = response.json()
    assert problem(response)[0] == 400, document
    shown = sum(map(len, document["errors"].values()))
    assert shown <= limits.MAX_ERRORS
    assert document.get("errors_omitted", 0) == (0 if shown < limits.MAX_ERRORS else 450 - shown)


@pytest.mark.parametrize(
    ("custom_fields", "limit"),
    [
        ({"text": "x" * 70_000}, "at most 64 KB"),
        ({f"key{number}": 1 for number in range(6_000)}, "5,000 names and list items"),
        ({"deep": nested(40)}, "32 levels"),
    ],
    ids=["large", "keys", "deep"],
)
def test_a_json_field_over_its_limit_is_400_and_names_it(api: Any, member: Any, custom_fields: Any, limit: str) -> None:
    errors = field_problems(post(api(member), {"first_name": "Ada", "custom_fields": custom_fields}))
    assert list(errors) == ["custom_fields"]
    assert limit in errors["custom_fields"][0]


def test_a_form_over_the_limit_is_413_in_the_admin(root: Any) -> None:
    response = root.post("/admin/leads/lead/add/", "first_name=" + "x" * 2_700_000, "application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "2,560 KB" in text(response)


def test_a_list_over_its_limit_is_not_checked_item_by_item(api: Any, member: Any) -> None:
    errors = field_problems(post(api(member), {"first_name": "Ada", "tags": [1] * 40_000}))
    assert errors["tags"] == [
        "It has more than 5,000 names and list items. At most 5,000 are accepted.",
    ]


def test_an_error_does_not_repeat_a_huge_value(api: Any, member: Any) -> None:
    response = post(api(member), {"first_name": "Ada", "phone": "1" * 1_000_000})
    errors = field_problems(response)
    [message] = errors["phone"]
    assert len(message) < 1_100
    post(api(member), {"first_name": "Ada", "stage": "s" * 1_000_000})
    post(api(member), {"first_name": "Ada", "email": "e" * 1_000_000})
    post(api(member), {"k" * 1_000_000: 1})


@pytest.mark.parametrize("page_size", [7, 200])
def test_a_page_of_large_rows_ends_early_and_the_next_one_goes_on(
    api: Any, member: Any, make_lead: Any, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr("lad.api.pagination.MAX_PAGE_BYTES", 200_000)
    leads = [make_lead(custom_fields={"text": "x" * 60_000}) for _ in range(11)]
    client = api(member)
    url = f"{LEADS}?page_size={page_size}"
    pages = []
    while url:
        response = client.get(url)
        assert len(response.content) < 250_000
        pages.append([row["id"] for row in response.json()["results"]])
        url, back = response.json()["next"], response.json()["previous"]
    seen = [each for page in pages for each in page]
    assert len(pages) == 4
    assert sorted(seen) == sorted(str(lead.pk) for lead in leads)
    backward = list(pages[-1])
    while back:
        document = client.get(back).json()
        backward = [row["id"] for row in document["results"]] + backward
        back = document["previous"]
    assert backward == seen


def test_a_row_that_is_larger_than_a_page_is_shown_alone(
    api: Any, member: Any, make_lead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lad.api.pagination.MAX_PAGE_BYTES", 1_000)
    for _ in range(2):
        make_lead(custom_fields={"text": "x" * 60_000})
    document = api(member).get(LEADS).json()
    assert len(document["results"]) == 1
    assert document["next"]
