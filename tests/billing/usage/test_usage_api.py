"""Usage over HTTP: what it would cost, recording, charging and voiding it."""

from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from billing.ledger.models import LedgerTransaction
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.tenancy.context import platform_context, tenant_context
from tenants.access.models import UserCapability
from tests.billing.usage.metered import CALL, ITEMS
from tests.factories.billing import FeatureEntitlementFactory
from tests.support.api import problem

URL = "/api/v1/billing-usage-events/"
BODY: dict[str, Any] = {"feature_key": "voice-agent", "items": ITEMS}
pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture
def funded(tenant):
    """One dollar in the tenant's wallet."""
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


def test_a_member_records_use_once_and_a_repetition_is_answered_alike(api, member, funded):
    first, again = send(api(member)), send(api(member))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first["Location"], again["Idempotent-Replayed"]) == (f"{URL}{first.json()['id']}/", "true")
    assert first.json()["usage_items"][0]["cost"] == "0.13"
    assert (first.json()["status"], first.json()["user"]) == ("pending", str(member.pk))
    assert "intent" not in first.json()


def test_another_use_under_the_same_key_is_a_conflict_that_names_the_field(api, member):
    send(api(member))
    answer = send(api(member), {**BODY, "external_reference_id": "other"})
    assert problem(answer) == (409, "idempotency_conflict")
    assert answer.json()["field"] == "external_reference_id"


def test_recorded_and_charged_in_one_call(api, member, funded):
    answer = send(api(member), {**BODY, "charge": True})
    assert (answer.status_code, answer.json()["status"], balance(funded)) == (201, "charged", Decimal("0.87"))
    assert send(api(member), {**BODY, "charge": True}).json()["status"] == "charged"
    assert balance(funded) == Decimal("0.87")


def test_what_cannot_be_paid_is_402_with_the_figures_and_stays_recorded_as_failed(api, member, funded, tenant):
    dear = {**BODY, "items": [{**CALL, "quantity": "100"}], "charge": True}
    answer = send(api(member), dear)
    assert problem(answer) == (402, "insufficient_balance")
    figures = {name: answer.json()[name] for name in ("required", "available", "currency")}
    assert figures == {"required": "1.300000", "available": "1.000000", "currency": "USD"}
    with tenant_context(tenant.pk):
        event = UsageEvent.objects.get(pk=answer.json()["usage_event"])
        assert (event.status, event.retry_count) == ("failed", 1)
        ledger.topup(wallet=funded, amount=Decimal(1), key="more")
    assert send(api(member), dear).json()["status"] == "charged"
    assert balance(funded) == Decimal("0.7")


@pytest.mark.django_db(transaction=True)
def test_a_refused_charge_is_kept_outside_of_tests_too(api, member, funded, tenant):
    """With a transaction per request, as it is served."""
    dear = {**BODY, "items": [{**CALL, "quantity": "100"}], "charge": True}
    assert problem(send(api(member), dear)) == (402, "insufficient_balance")
    with tenant_context(tenant.pk):
        [event] = UsageEvent.objects.all()
    assert event.status == "failed"
    assert problem(send(api(member), None, f"{event.pk}/charge/", "again")) == (402, "insufficient_balance")
    with tenant_context(tenant.pk):
        event.refresh_from_db()
    assert event.retry_count == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_repetitions_record_and_charge_once(api, member, funded, tenant):
    answers = []

    def call():
        answers.append(send(api(member), {**BODY, "charge": True}))
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


def test_a_component_without_a_price_is_422_and_records_nothing(api, member, tenant):
    answer = send(api(member), {**BODY, "items": [{**CALL, "model": "fax", "quantity": "1"}]})
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
def test_what_is_wrong_with_a_use_is_said_by_field(change, named, api, member):
    answer = send(api(member), {**BODY, **change})
    assert answer.status_code == 400
    assert named in answer.json()["errors"]


def test_writes_without_a_key_are_refused(api, member):
    assert problem(send(api(member), key="")) == (400, "idempotency_key_required")
    assert problem(send(api(member), path=f"{uuid4()}/charge/", key="")) == (400, "idempotency_key_required")


def test_a_recorded_use_is_charged_once_by_a_call_of_its_own(api, member, funded):
    event = send(api(member)).json()
    for key in ("a", "b"):
        answer = send(api(member), None, f"{event['id']}/charge/", key)
        assert (answer.status_code, answer.json()["status"]) == (200, "charged")
    assert balance(funded) == Decimal("0.87")


def test_only_a_failed_charge_is_tried_again(api, member, funded):
    event = send(api(member)).json()
    assert problem(send(api(member), None, f"{event['id']}/retry/", "a")) == (409, "wrong_usage_status")


def test_a_failed_charge_is_tried_again_when_there_is_money(api, member, tenant):
    with tenant_context(tenant.pk):
        event = usage.charge(event=usage.record(**BODY, key="call-1"))
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(1), key="fund")
    answer = send(api(member), None, f"{event.pk}/retry/", "a")
    assert (answer.status_code, answer.json()["status"], answer.json()["error_message"]) == (200, "charged", "")


def test_members_void_what_is_unpaid_and_admins_give_money_back(api, member, admin, funded):
    unpaid, paid = send(api(member)).json(), send(api(member), {**BODY, "charge": True}, key="call-2").json()
    reason = {"reason": "The line was dead"}
    voided = send(api(member), reason, f"{unpaid['id']}/void/", "a")
    assert (voided.json()["status"], voided.json()["void_reason"]) == ("voided", "The line was dead")
    assert problem(send(api(member), reason, f"{paid['id']}/void/", "b")) == (403, "missing_right")
    assert balance(funded) == Decimal("0.87")
    assert send(api(admin), reason, f"{paid['id']}/void/", "c").json()["status"] == "voided"
    assert balance(funded) == Decimal(1)


def test_voiding_says_why(api, admin):
    event = send(api(admin)).json()
    assert "reason" in send(api(admin), {}, f"{event['id']}/void/", "a").json()["errors"]


def test_viewers_neither_record_nor_quote_nor_charge(api, viewer, member):
    event = send(api(member)).json()
    for path in ("", "quote/", f"{event['id']}/charge/", f"{event['id']}/retry/", f"{event['id']}/void/"):
        assert problem(send(api(viewer), path=path, key=uuid4().hex)) == (403, "missing_right")


def test_who_may_record_but_not_spend_does_not_charge(api, member, tenant, funded):
    with platform_context(tenant_id=tenant.pk):
        UserCapability.objects.create(user=member, capability_key="billing.spend", enabled=False)
    assert problem(send(api(member), {**BODY, "charge": True})) == (403, "missing_right")
    assert send(api(member), BODY, key="call-2").status_code == 201


def test_the_use_of_another_tenant_is_not_found(api, member, other_owner):
    event = send(api(member)).json()
    for path in ("charge", "retry", "void"):
        answer = send(api(other_owner), {"reason": "x"} if path == "void" else None, f"{event['id']}/{path}/", path)
        assert problem(answer) == (404, "not_found")


def test_a_quote_says_cost_balance_and_quota_and_writes_nothing(api, member, funded, tenant):
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key="voice-agent",
            quota_unit="minute",
            monthly_quota=Decimal(6),
            overage_rate=Decimal("0.5"),
            allow_overages=True,
        )
    answer = api(member).post(f"{URL}quote/", BODY, format="json")
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


def test_a_quote_without_a_price_is_422(api, member):
    body = {"items": [{**CALL, "unit": "tokens", "quantity": "1"}]}
    assert problem(api(member).post(f"{URL}quote/", body, format="json")) == (422, "no_price")
