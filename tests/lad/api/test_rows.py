"""One row: what is shown, what may be written, and that no update is lost."""

from typing import Any

import pytest

from lad.api.router import resources
from lad.db.fields import is_secret
from tests.support.api import conflict, field_problems, problem

pytestmark = pytest.mark.usefixtures("plain_writes")

URL = "/api/v1/feature-flags/"


def make(client: Any, **values: Any) -> Any:
    response = client.post(URL, {"feature_key": "campaigns", **values}, format="json")
    assert response.status_code == 201, response.content
    return response


def test_a_created_row_is_answered_with_its_address_and_state(api: Any, owner: Any, tenant: Any) -> None:
    client = api(owner)
    made = make(client, is_enabled=True, config={"depth": [1, 2]})
    assert made.json()["tenant"] == str(tenant.pk)
    read = client.get(made["Location"])
    assert read.json() == made.json()
    assert read["ETag"] == made["ETag"]


def test_whole_numbers_of_more_than_64_bits_in_json_are_shown_exactly(api: Any, owner: Any) -> None:
    client, config = api(owner), {"depth": 2**80, "label": "Ü 𝛼", "share": 0.1}
    made = make(client, config=config)
    assert made.json()["config"] == config
    assert [row["config"] for row in client.get(URL).json()["results"]] == [config]


def test_a_number_in_json_that_no_float_holds_is_stored_as_the_nearest_one(api: Any, owner: Any) -> None:
    client = api(owner)
    body = b'{"feature_key": "campaigns", "config": {"tiny": 1E-400, "long": 0.12345678901234567890123}}'
    made = client.post(URL, body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["config"] == {"tiny": 0.0, "long": 0.12345678901234568}
    assert client.get(made["Location"]).json() == made.json()


def test_no_resource_shows_a_secret() -> None:
    serializers = [(each.model, each.serializer()) for each in resources()]
    shown = [
        (model, name) for model, made in serializers for name, field in made.fields.items() if not field.write_only
    ]
    assert len(shown) > 50
    for model, name in shown:
        fields = {field.name: field for field in model._meta.get_fields()}
        assert name not in fields or not is_secret(fields[name]), (model, name)


def test_an_unknown_field_is_refused_by_name_and_the_known_ones_are_told(api: Any, owner: Any) -> None:
    response = api(owner).post(URL, {"feature_key": "campaigns", "is_enabeld": True}, format="json")
    assert "is_enabled" in field_problems(response)["is_enabeld"][0]


def test_a_read_only_field_cannot_be_set(api: Any, owner: Any, other_tenant: Any) -> None:
    client = api(owner)
    body = {"feature_key": "campaigns", "tenant": str(other_tenant.pk), "id": str(other_tenant.pk)}
    assert sorted(field_problems(client.post(URL, body, format="json"))) == ["id", "tenant"]
    assert client.get(URL).json()["results"] == []


def test_what_was_read_can_be_edited_and_put_back(api: Any, owner: Any) -> None:
    client = api(owner)
    row = make(client).json()
    put = client.put(f"{URL}{row['id']}/", {**row, "is_enabled": True}, format="json")
    assert put.status_code == 200, put.content
    assert put.json()["is_enabled"] is True
    assert put.json()["created_at"] == row["created_at"]


def test_the_key_of_another_tenants_row_is_answered_like_one_that_does_not_exist(
    api: Any, owner: Any, other_owner: Any
) -> None:
    client = api(owner)
    foreign = field_problems(client.post(URL, {"feature_key": "dashboard", "user": str(other_owner.pk)}, format="json"))
    unknown = field_problems(
        client.post(URL, {"feature_key": "dashboard", "user": "01a202b9-6287-74ca-b832-46905490b8d2"}, format="json")
    )
    assert foreign == unknown
    assert client.get(URL).json()["results"] == []


def test_a_former_member_cannot_be_chosen_where_a_member_is_asked_for(api: Any, owner: Any, member: Any) -> None:
    client = api(owner)
    row = client.get("/api/v1/memberships/", {"user": member.pk}).json()["results"][0]
    client.delete(f"/api/v1/memberships/{row['id']}/")
    response = client.post(URL, {"feature_key": "dashboard", "user": str(member.pk)}, format="json")
    assert list(field_problems(response)) == ["user"]


@pytest.mark.parametrize("key", ["me", 7, True, ["a"], {"id": 1}, ""])
def test_what_is_no_id_is_refused(api: Any, owner: Any, key: Any) -> None:
    assert list(field_problems(api(owner).post(URL, {"feature_key": "dashboard", "user": key}, format="json"))) == [
        "user"
    ]


def test_a_row_that_is_there_already_is_refused_with_a_sentence(api: Any, owner: Any) -> None:
    client = api(owner)
    make(client)
    response = client.post(URL, {"feature_key": "campaigns"}, format="json")
    assert conflict(response) == "A flag for this feature and user already exists."
    assert response.json()["fields"] == ["feature_key", "user"]


def test_reading_again_what_did_not_change_sends_nothing(api: Any, owner: Any) -> None:
    client = api(owner)
    made = make(client)
    unchanged = client.get(made["Location"], HTTP_IF_NONE_MATCH=f'"other", W/{made["ETag"]}')
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["ETag"] == made["ETag"]
    client.patch(made["Location"], {"is_enabled": True}, format="json")
    assert client.get(made["Location"], HTTP_IF_NONE_MATCH=made["ETag"]).status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_change_of_what_somebody_else_changed_is_refused(api: Any, owner: Any, admin: Any, method: str) -> None:
    mine, theirs = api(owner), api(admin)
    made = make(mine)
    assert theirs.patch(made["Location"], {"is_enabled": True}, format="json").status_code == 200

    body = {"feature_key": "campaigns", "is_enabled": False}
    stale = getattr(mine, method)(made["Location"], body, format="json", HTTP_IF_MATCH=made["ETag"])
    assert problem(stale) == (412, "precondition_failed")
    assert mine.get(made["Location"]).json()["is_enabled"] is True

    fresh = mine.get(made["Location"])["ETag"]
    repeated = getattr(mine, method)(made["Location"], body, format="json", HTTP_IF_MATCH=fresh)
    assert repeated.status_code == (204 if method == "delete" else 200)


def test_each_change_gives_a_new_state_to_build_on(api: Any, owner: Any) -> None:
    client = api(owner)
    made = make(client)
    first = client.patch(made["Location"], {"is_enabled": True}, format="json", HTTP_IF_MATCH=made["ETag"])
    second = client.patch(made["Location"], {"is_enabled": False}, format="json", HTTP_IF_MATCH=first["ETag"])
    assert second.status_code == 200
    assert len({made["ETag"], first["ETag"], second["ETag"]}) == 3


@pytest.mark.parametrize("header", ["*", ""])
def test_a_change_that_names_no_state_is_made(api: Any, owner: Any, header: str) -> None:
    client = api(owner)
    made = make(client)
    assert client.patch(made["Location"], {"is_enabled": True}, format="json", HTTP_IF_MATCH=header).status_code == 200


def test_a_weak_tag_never_allows_a_change(api: Any, owner: Any) -> None:
    client = api(owner)
    made = make(client)
    response = client.patch(made["Location"], {"is_enabled": True}, format="json", HTTP_IF_MATCH=f"W/{made['ETag']}")
    assert problem(response) == (412, "precondition_failed")


def test_a_deletion_is_answered_with_nothing_and_repeated_with_404(api: Any, owner: Any) -> None:
    client = api(owner)
    made = make(client)
    gone = client.delete(made["Location"])
    assert (gone.status_code, gone.content) == (204, b"")
    assert problem(client.delete(made["Location"])) == (404, "not_found")


def test_an_id_that_is_none_is_not_found(api: Any, owner: Any) -> None:
    assert problem(api(owner).get(f"{URL}7/")) == (404, "not_found")


def test_what_the_platform_decides_about_a_tenant_is_not_its_own_to_change(api: Any, owner: Any, tenant: Any) -> None:
    response = api(owner).patch(f"/api/v1/tenants/{tenant.pk}/", {"plan_tier": "enterprise"}, format="json")
    assert list(field_problems(response)) == ["plan_tier"]
