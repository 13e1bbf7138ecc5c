"""Usage in the API: quote, record, charge, retry and void."""

from datetime import datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from billing.ledger.models import LedgerTransaction
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.usage.metered import CALL, ITEMS
from tests.factories.billing import FeatureEntitlementFactory
from tests.support.api import field_problems, problem

URL = "/api/v1/billing-usage-events/"
BODY: dict[str, Any] = {"feature_key": "voice-agent", "items": ITEMS}
pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture
def funded(tenant):
    """The tenant's wallet with one dollar."""
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        ledger.topup(wallet=wallet, amount=Decimal(1), key="fund")
        return wallet


def send(client, body=BODY, path="", key="call-1"):
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(f"{URL}{path}", body, format="json", **headers)


def balance(wallet):
    with platform_context():
        wallet.refresh_from_db()
    return wallet.available_balance


def test_a_member_records_usage_once_and_a_repeated_request_gets_the_same_response(api, meter, funded):
    first, again = send(api(meter)), send(api(meter))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first["Location"], again["Idempotent-Replayed"]) == (f"{URL}{first.json()['id']}/", "true")
    assert first.json()["usage_items"][0]["cost"] == "0.13"
    assert (first.json()["status"], first.json()["user"]) == ("pending", str(meter.pk))
    assert "intent" not in first.json()


def test_different_usage_under_the_same_key_is_a_conflict_in_the_api(api, meter):
    send(api(meter))
    answer = send(api(meter), {**BODY, "external_reference_id": "other"})
    assert problem(answer) == (409, "idempotency_conflict")
    assert answer.json()["field"] == "external_reference_id"


def test_usage_is_recorded_and_charged_in_one_request(api, meter, funded):
    answer = send(api(meter), {**BODY, "charge": True})
    assert (answer.status_code, answer.json()["status"], balance(funded)) == (201, "charged", Decimal("0.87"))
    assert send(api(meter), {**BODY, "charge": True}).json()["status"] == "charged"
    assert balance(funded) == Decimal("0.87")


def test_a_charge_beyond_the_balance_is_402_with_the_amounts_and_the_event_is_kept_as_failed(
    api, meter, funded, tenant
):
    dear = {**BODY, "items": [{**CALL, "quantity": "100"}], "charge": True}
    answer = send(api(meter), dear)
    assert problem(answer) == (402, "insufficient_balance")
    figures = {name: answer.json()[name] for name in ("required", "available", "currency")}
    assert figures == {"required": "1.300000", "available": "1.000000", "currency": "USD"}
    with tenant_context(tenant.pk):
        event = UsageEvent.objects.get(pk=answer.json()["usage_event"])
        assert (event.status, event.retry_count) == ("failed", 1)
        ledger.topup(wallet=funded, amount=Decimal(1), key="more")
    assert send(api(meter), dear).json()["status"] == "charged"
    assert balance(funded) == Decimal("0.7")


@pytest.mark.django_db(transaction=True)
def test_a_refused_charge_is_kept_with_a_transaction_per_request(api, meter, funded, tenant):
    """Use a transaction per request, as in production."""
    dear = {**BODY, "items": [{**CALL, "quantity": "100"}], "charge": True}
    assert problem(send(api(meter), dear)) == (402, "insufficient_balance")
    with tenant_context(tenant.pk):
        [event] = UsageEvent.objects.all()
    assert event.status == "failed"
    assert problem(send(api(meter), None, f"{event.pk}/charge/", "again")) == (402, "insufficient_balance")
    with tenant_context(tenant.pk):
        event.refresh_from_db()
    assert event.retry_count == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_repetitions_record_and_charge_once(api, meter, funded, tenant):
    answers = []

    def call():
        answers.append(send(api(meter), {**BODY, "charge": True}))
        connection.close()

    threads = [Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    with tenant_context(tenant.pk):
        assert LedgerTransaction.objects.filter(transaction_type="debit").count() == 1


def test_a_component_without_a_price_is_422_and_records_nothing(api, meter, tenant):
    answer = send(api(meter), {**BODY, "items": [{**CALL, "model": "fax", "quantity": "1"}]})
    assert problem(answer) == (422, "no_price")
    assert answer.json()["component"] == {**CALL, "model": "fax"}
    with tenant_context(tenant.pk):
        assert not UsageEvent.objects.exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"items": []}, "items"),
        ({"items": [{**CALL, "quantity": "-1"}]}, "items.0.quantity"),
        ({"items": [{**CALL, "quantity": "1", "cost": "0"}]}, "items.0.cost"),
        ({"items": [{**CALL, "quantity": "1", "category": "overage"}]}, "items.0.category"),
        ({"feature_key": ""}, "feature_key"),
        ({"total_cost": "0"}, "total_cost"),
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2020-01-01T00:00:00Z"}, "occurred_at"),
    ],
    ids=str,
)
def test_invalid_usage_is_refused_by_field(change, named, api, meter):
    answer = send(api(meter), {**BODY, **change})
    assert answer.status_code == 400
    assert named in answer.json()["errors"]


def test_writes_without_a_key_are_refused(api, meter):
    assert problem(send(api(meter), key="")) == (400, "idempotency_key_required")
    assert problem(send(api(meter), path=f"{uuid4()}/charge/", key="")) == (400, "idempotency_key_required")


def test_recorded_usage_is_charged_once_by_a_separate_request(api, meter, funded):
    event = send(api(meter)).json()
    for key in ("a", "b"):
        answer = send(api(meter), None, f"{event['id']}/charge/", key)
        assert (answer.status_code, answer.json()["status"]) == (200, "charged")
    assert balance(funded) == Decimal("0.87")


def test_only_a_failed_charge_is_retried(api, meter, funded):
    event = send(api(meter)).json()
    assert problem(send(api(meter), None, f"{event['id']}/retry/", "a")) == (409, "wrong_usage_status")


def test_a_failed_charge_is_retried_after_a_top_up(api, meter, tenant):
    with tenant_context(tenant.pk):
        event = usage.charge(event=usage.record(**BODY, key="call-1"))
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(1), key="fund")
    answer = send(api(meter), None, f"{event.pk}/retry/", "a")
    assert (answer.status_code, answer.json()["status"], answer.json()["error_message"]) == (200, "charged", "")
    again = send(api(meter), None, f"{event.pk}/retry/", "a")
    assert (again.status_code, again.content) == (200, answer.content)


def test_a_meter_voids_unpaid_and_charged_usage(api, meter, funded):
    unpaid, paid = send(api(meter)).json(), send(api(meter), {**BODY, "charge": True}, key="call-2").json()
    reason = {"reason": "The line was dead"}
    voided = send(api(meter), reason, f"{unpaid['id']}/void/", "a")
    assert (voided.json()["status"], voided.json()["void_reason"]) == ("voided", "The line was dead")
    assert balance(funded) == Decimal("0.87")
    assert send(api(meter), reason, f"{paid['id']}/void/", "b").json()["status"] == "voided"
    assert balance(funded) == Decimal(1)


def test_a_repeated_request_gets_the_event_that_was_voided_since(api, meter, funded):
    event = send(api(meter), {**BODY, "charge": True}).json()
    send(api(meter), {"reason": "The line was dead"}, f"{event['id']}/void/", "void")
    again = send(api(meter), {**BODY, "charge": True})
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (201, event["id"], "voided")
    assert balance(funded) == Decimal(1)


def test_voiding_needs_a_reason_in_the_api(api, meter):
    event = send(api(meter)).json()
    assert "reason" in send(api(meter), {}, f"{event['id']}/void/", "a").json()["errors"]


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_no_role_of_a_tenant_meters_its_own_use(role, api, tenant, funded, request):
    person = request.getfixturevalue(role)
    with tenant_context(tenant.pk):
        unpaid, paid = (usage.record(**BODY, key=key) for key in ("call-1", "call-2"))
        usage.charge(event=paid)
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    calls = [
        ("", BODY, "usage.record"),
        ("", {**BODY, "charge": True}, "usage.record"),
        ("", {**BODY, "occurred_at": yesterday}, "usage.record"),
        (f"{unpaid.pk}/charge/", None, "usage.record"),
        (f"{unpaid.pk}/retry/", None, "usage.record"),
        (f"{unpaid.pk}/void/", {"reason": "Never happened"}, "usage.void"),
        (f"{paid.pk}/void/", {"reason": "Never happened"}, "usage.void"),
    ]
    for path, body, right in calls:
        answer = send(api(person), body, path, uuid4().hex)
        assert problem(answer) == (403, "missing_right")
        assert answer.json()["right"] == right
    assert balance(funded) == Decimal("0.87")
    with tenant_context(tenant.pk):
        assert UsageEvent.objects.count() == 2


def test_members_quote_and_viewers_do_not_see_what_the_wallet_holds(api, member, viewer, funded):
    assert api(member).post(f"{URL}quote/", BODY, format="json").json()["total"] == "0.130000"
    assert problem(api(viewer).post(f"{URL}quote/", BODY, format="json")) == (403, "missing_right")


def test_a_meter_cannot_record_what_happened_long_ago(api, meter):
    """Backdating is left to LAD's own engines, which call the service."""
    now = timezone.now()
    late = send(api(meter), {**BODY, "occurred_at": (now - timedelta(minutes=16)).isoformat()})
    assert "up to 15 minutes late" in late.json()["errors"]["occurred_at"][0]
    assert send(api(meter), {**BODY, "occurred_at": (now - timedelta(minutes=14)).isoformat()}).status_code == 201


def test_a_meter_whose_clock_is_a_second_ahead_is_believed(api, meter):
    ahead = timezone.now() + timedelta(seconds=1)
    answer = send(api(meter), {**BODY, "occurred_at": ahead.isoformat()})
    assert answer.status_code == 201, answer.content
    assert datetime.fromisoformat(answer.json()["occurred_at"]) < ahead


def test_usage_of_another_tenant_is_not_found(api, meter, other_owner, make_meter):
    make_meter(other_owner)
    event = send(api(meter)).json()
    for path in ("charge", "retry", "void"):
        answer = send(api(other_owner), {"reason": "x"} if path == "void" else None, f"{event['id']}/{path}/", path)
        assert problem(answer) == (404, "not_found")


def test_a_quote_returns_cost_balance_and_quota_and_writes_nothing(api, meter, funded, tenant):
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key="voice-agent",
            quota_unit="minute",
            monthly_quota=Decimal(6),
            overage_rate=Decimal("0.5"),
            allow_overages=True,
        )
    answer = api(meter).post(f"{URL}quote/", BODY, format="json")
    found = answer.json()
    assert answer.status_code == 200
    assert [item["cost"] for item in found["items"]] == ["0.130000", "2.000000"]
    assert (found["total"], found["available"], found["affordable"], found["allowed"]) == (
        "2.130000",
        "1.000000",
        False,
        True,
    )
    assert (found["quota"]["left_this_month"], found["quota"]["overage_rate"]) == ("6.000000", "0.5000000000")
    with tenant_context(tenant.pk):
        assert not UsageEvent.objects.exists()


@pytest.mark.parametrize("number", ["1E-400", "1e-7", "0.0000001", "1234567890123.5", "0.12345678901234567890"])
def test_a_number_that_the_ledger_cannot_hold_is_refused_instead_of_rounded(number, api, member):
    item = ", ".join(f'"{name}": "{value}"' for name, value in CALL.items())
    body = f'{{"items": [{{{item}, "quantity": {number}}}]}}'
    answer = api(member).post(f"{URL}quote/", body, content_type="application/json")
    assert set(field_problems(answer)) == {"items.0.quantity"}


def test_a_number_is_read_as_it_was_written(api, member):
    item = ", ".join(f'"{name}": "{value}"' for name, value in CALL.items())
    body = f'{{"items": [{{{item}, "quantity": 12345678901.123456}}]}}'
    answer = api(member).post(f"{URL}quote/", body, content_type="application/json")
    assert answer.json()["items"][0]["quantity"] == "12345678901.123456"


def test_a_used_up_quota_is_answered_with_exact_figures(api, meter, tenant):
    with platform_context(tenant_id=tenant.pk):
        terms = {"quota_unit": "minute", "daily_quota": Decimal("0.1"), "monthly_quota": None, "overage_rate": None}
        FeatureEntitlementFactory.create(feature_key="voice-agent", **terms)
    answer = send(api(meter))
    assert problem(answer) == (409, "quota_exceeded")
    figures = answer.json()
    assert (figures["required"], figures["left_today"]) == ("10.000000", "0.100000")
    assert "left_this_month" not in figures


def test_a_quote_without_a_price_is_422(api, meter):
    body = {"items": [{**CALL, "unit": "tokens", "quantity": "1"}]}
    assert problem(api(meter).post(f"{URL}quote/", body, format="json")) == (422, "no_price")
