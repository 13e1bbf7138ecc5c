"""``Idempotency-Key``: a repeated write runs once and gets the same response."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lad.api.idempotency_keys import needs_key
from lad.idempotency import keys, middleware
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import platform_context
from tenants.features.models import FeatureFlag
from tests.lad.api import urls
from tests.support.api import problem

pytestmark = [pytest.mark.urls("tests.lad.api.urls"), pytest.mark.usefixtures("plain_writes")]
URL = "/api/v1/feature-flags/"
BODY = {"feature_key": "campaigns"}


@pytest.fixture(autouse=True)
def _no_calls_yet() -> None:
    urls.calls.clear()


def post(client: Any, body: Any = BODY, *, key: str = "order-66", url: str = URL) -> Any:
    return client.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_a_repeated_write_gets_the_first_answer_byte_for_byte(api: Any, owner: Any) -> None:
    client = api(owner)
    first, second = post(client), post(client)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for header in ("Content-Type", "ETag", "Location"):
        assert first[header] == second[header]
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert len(client.get(URL).json()["results"]) == 1


def test_a_repeated_deletion_gets_the_first_answer(api: Any, owner: Any) -> None:
    client = api(owner)
    where = post(client, key="make")["Location"]
    answers = [client.delete(where, HTTP_IDEMPOTENCY_KEY="unmake") for _ in range(2)]
    assert [(each.status_code, each.content) for each in answers] == [(204, b""), (204, b"")]
    assert "Content-Type" not in answers[1]


def test_a_key_of_another_request_is_rejected_with_the_differences(api: Any, owner: Any) -> None:
    client = api(owner)
    where = post(client)["Location"]
    other_body = post(client, {"feature_key": "voice-agent"})
    assert problem(other_body) == (409, "idempotency_key_reused")
    assert "another body" in other_body.json()["detail"]
    other_path = post(client, url="/api/v1/tenant-features/")
    assert URL in other_path.json()["detail"]
    other_method = client.delete(where, HTTP_IDEMPOTENCY_KEY="order-66")
    assert "POST" in other_method.json()["detail"]
    assert client.get(where).status_code == 200


def test_a_failed_write_leaves_the_key_free(api: Any, owner: Any) -> None:
    client = api(owner)
    where = "/api/v1/test/write-then-fail/"
    assert problem(post(client, {"fail": True}, url=where)) == (409, "conflict")
    assert post(client, {"fail": False}, url=where).status_code == 201


def test_a_key_belongs_to_one_person_in_one_tenant(api: Any, owner: Any, admin: Any, other_owner: Any) -> None:
    assert post(api(owner)).status_code == 201
    assert post(api(admin), {"feature_key": "apollo-leads"}).status_code == 201
    assert post(api(other_owner), {"feature_key": "dashboard"}).status_code == 201


def test_a_write_that_requires_a_key_is_rejected_without_one(api: Any, owner: Any) -> None:
    client = api(owner)
    assert problem(client.post("/api/v1/test/pay/")) == (400, "idempotency_key_required")
    assert urls.calls == []
    answers = [post(client, {}, url="/api/v1/test/pay/").json() for _ in range(3)]
    assert answers == [{"times": 1}] * 3


def test_single_actions_can_require_a_key() -> None:
    class Calls:
        idempotency_required = ("dial", "delete")
        action = "list"

    view: Any = Calls()
    assert not needs_key(view, "POST")
    assert needs_key(view, "DELETE")
    view.action = "dial"
    assert needs_key(view, "POST")
    assert not needs_key(view, "GET")


def test_an_answer_that_holds_a_secret_is_never_kept(api: Any, owner: Any, tenant: Any) -> None:
    client = api(owner)
    answers = [post(client, {}, url="/api/v1/test/token/").json() for _ in range(2)]
    assert answers == [{"token": 1}, {"token": 2}]
    with platform_context():
        assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "with space", "ü", "x" * 256])
def test_a_malformed_key_is_refused(api: Any, owner: Any, key: str) -> None:
    assert problem(post(api(owner), key=key)) == (400, "idempotency_key_malformed")


def test_a_key_is_free_again_after_a_day(api: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api(owner)
    assert post(client).status_code == 201
    later = timezone.now() + keys.RETENTION + timedelta(seconds=1)
    with monkeypatch.context() as clock:
        clock.setattr(middleware.timezone, "now", lambda: later)
        again = post(client, {"feature_key": "lead-enrichment"})
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again


def test_outdated_answers_are_removed_and_others_stay(api: Any, owner: Any) -> None:
    post(api(owner), key="old")
    with platform_context():
        assert keys.expire_keys(now=timezone.now()) == 0
        assert keys.expire_keys(now=timezone.now() + keys.RETENTION + timedelta(seconds=1)) == 1
        assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_simultaneous_duplicates_happen_once_and_all_get_the_answer(
    transactional_db: None, api: Any, owner: Any, tenant: Any
) -> None:
    start, answers = threading.Barrier(5), []

    def send() -> None:
        try:
            client = api(owner)
            start.wait(timeout=10)
            answers.append(post(client))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert [each.status_code for each in answers] == [201] * 5
    assert len({each.content for each in answers}) == 1
    assert sorted(each.get("Idempotent-Replayed", "first") for each in answers) == ["first", *["true"] * 4]
    with platform_context():
        assert FeatureFlag.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_runs_if_the_first_write_fails(
    transactional_db: None, api: Any, owner: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_is_in, answers = threading.Event(), {}
    real_claim = middleware.claim_key

    def claim(request: Any) -> Any:
        claimed = real_claim(request)
        if threading.current_thread().name == "first":
            first_is_in.set()
            second.start()
            # The second now waits for the key's lock; when this one fails it must not replay.
            second.join(timeout=0.3)
        return claimed

    def send(body: dict[str, Any]) -> None:
        try:
            answers[threading.current_thread().name] = post(api(owner), body, url="/api/v1/test/write-then-fail/")
        finally:
            connection.close()

    monkeypatch.setattr(middleware, "claim_key", claim)
    first = threading.Thread(target=send, args=[{"fail": True}], name="first")
    second = threading.Thread(target=send, args=[{"fail": False}], name="second")
    first.start()
    first.join(timeout=30)
    second.join(timeout=30)

    assert first_is_in.is_set()
    assert problem(answers["first"]) == (409, "conflict")
    assert answers["second"].status_code == 201
