"""Holds in the API: reserve, extend, capture and release. Repeated requests change nothing."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.ledger.keys import MAX_HEADER_LENGTH
from billing.ledger.models import Hold, LedgerTransaction, WalletStatus
from billing.ledger.references import ReferenceKind
from billing.ledger.services import ledger, wallets
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import platform_context, tenant_context
from tests.support.api import field_problems, problem
from tests.support.database import stored

HOLDS = "/api/v1/billing-holds/"
CALL = {"reference_type": "voice_call", "description": "Call to a lead"}


@pytest.fixture
def filled(tenant, wallet):
    """Return the tenant's wallet with a balance of 100."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(100), key="first")
    return wallet


@pytest.fixture
def send(api):
    """Return ``send(user, path, body, key)``, which uses a new idempotency key by default."""

    def post(user, path, body, key=None):
        return api(user).post(f"{HOLDS}{path}", body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))

    return post


@pytest.fixture
def held(send, meter, filled):
    """Return the id of a hold of 40 that the meter made."""
    response = send(meter, "", {"amount": "40"})
    assert response.status_code == 201, response.content
    return response.json()["hold"]


def forget_responses():
    """Delete the API's stored responses, as happens after a day."""
    with platform_context():
        assert IdempotencyKey.objects.all().hard_delete()[0]


def balances(wallet):
    now = stored(wallet)
    return now.available_balance, now.reserved_balance


def test_a_reservation_lasts_a_quarter_of_an_hour_by_default(send, meter, filled):
    reference = uuid4()
    response = send(meter, "", {"amount": "12.5", "reference_id": str(reference), **CALL})
    assert response.status_code == 201
    body = response.json()
    assert response["Location"] == f"{HOLDS}{body['hold']}/"
    with platform_context():
        hold = Hold.objects.get(pk=body["hold"])
        row = LedgerTransaction.objects.get(hold=hold)
    assert (hold.amount, hold.status, hold.reference_id) == (Decimal("12.5"), "held", reference)
    assert hold.expires_at - hold.created_at == timedelta(minutes=15)
    assert body["expires_at"] == hold.expires_at.isoformat().replace("+00:00", "Z")
    posted = body["transaction"]
    assert (posted["id"], posted["amount"], posted["balance_after"]) == (str(row.pk), "-12.500000", "87.500000")
    assert (posted["reserved_after"], posted["wallet"]) == ("12.500000", str(filled.pk))
    assert row.created_by_id == meter.pk
    assert balances(filled) == (Decimal("87.5"), Decimal("12.5"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "0.0000001"}, "amount"),
        ({"amount": "5", "ttl_seconds": 0}, "ttl_seconds"),
        ({"amount": "5", "ttl_seconds": 86_401}, "ttl_seconds"),
        ({"amount": "5", "wallet": "00000000-0000-7000-8000-000000000000"}, "wallet"),
        ({"amount": "5", "tenant": "x"}, "tenant"),
    ],
)
def test_an_invalid_reservation_names_the_field(body, field, send, meter, filled):
    response = send(meter, "", body)
    assert problem(response) == (400, "invalid")
    assert set(response.json()["errors"]) == {field}
    assert balances(filled) == (100, 0)


@pytest.mark.parametrize("kind", [*ReferenceKind, "Legacy_Balance", " manual "])
def test_a_reserved_type_of_reference_is_refused(kind, send, meter, filled):
    response = send(meter, "", {"amount": "10", "reference_type": kind, "reference_id": str(uuid4())})
    assert set(field_problems(response)) == {"reference_type"}
    assert balances(filled) == (100, 0)


def test_an_insufficient_balance_is_stated_in_the_error(send, meter, filled):
    response = send(meter, "", {"amount": "100.000001"})
    assert problem(response) == (402, "insufficient_balance")
    posted = response.json()
    assert [Decimal(posted["required"]), Decimal(posted["available"]), posted["currency"]] == [
        Decimal("100.000001"),
        Decimal(100),
        "USD",
    ]
    assert balances(filled) == (100, 0)


def test_a_failed_attempt_leaves_its_key_free(send, meter, tenant, filled):
    assert send(meter, "", {"amount": "150"}, "once").status_code == 402
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=filled, amount=Decimal(100), key="more")
    assert send(meter, "", {"amount": "150"}, "once").status_code == 201


def test_every_write_needs_an_idempotency_key(api, meter, filled, held):
    for path in ("", f"{held}/capture/", f"{held}/extend/", f"{held}/release/"):
        response = api(meter).post(f"{HOLDS}{path}", {"amount": "1"}, format="json")
        assert problem(response) == (400, "idempotency_key_required")
    response = api(meter).post(
        HOLDS, {"amount": "1"}, format="json", HTTP_IDEMPOTENCY_KEY="k" * (MAX_HEADER_LENGTH + 1)
    )
    assert problem(response) == (400, "idempotency_key_malformed")


def test_the_ledger_replays_a_request_that_the_api_has_forgotten(send, meter, filled):
    later = (timezone.now() + timedelta(hours=2)).isoformat()
    first = send(meter, "", {"amount": "40"}, "reserve")
    hold = first.json()["hold"]
    calls = [
        ("", {"amount": "40"}, "reserve", first),
        *(
            (f"{hold}/{action}/", body, action, send(meter, f"{hold}/{action}/", body, action))
            for action, body in (
                ("extend", {"expires_at": later, "amount": "5"}),
                ("capture", {"amount": "30", "description": "It took 10 minutes"}),
            )
        ),
    ]
    assert [response.status_code for *_call, response in calls] == [201, 200, 200]
    after = balances(filled)
    assert after == (70, 0)
    for _time in range(2):
        forget_responses()
        for path, body, key, before in calls:
            again = send(meter, path, body, key)
            assert (again.status_code, again.content) == (before.status_code, before.content)
    assert balances(filled) == after


def test_a_different_request_with_the_same_key_is_a_conflict_that_names_the_field(send, meter, filled, held):
    send(meter, f"{held}/capture/", {"amount": "30"}, "capture")
    forget_responses()
    response = send(meter, f"{held}/capture/", {"amount": "31"}, "capture")
    assert problem(response) == (409, "idempotency_conflict")
    assert response.json()["field"] == "amount"
    assert balances(filled) == (70, 0)


def test_a_repeated_request_finds_its_wallet_after_another_one_pays(send, meter, tenant, filled):
    first = send(meter, "", {"amount": "40"}, "reserve")
    with tenant_context(tenant.pk):
        wallets.open_wallet(user=meter)
    forget_responses()
    again = send(meter, "", {"amount": "40"}, "reserve")
    assert (again.status_code, again.content) == (201, first.content)


def test_a_capture_charges_the_cost_and_releases_the_rest(send, meter, filled, held):
    response = send(meter, f"{held}/capture/", {"amount": "12.345678"})
    assert response.status_code == 200
    posted = response.json()["transaction"]
    assert (posted["transaction_type"], posted["amount"], posted["balance_after"]) == (
        "debit",
        "-12.345678",
        "87.654322",
    )
    assert balances(filled) == (Decimal("87.654322"), 0)
    assert problem(send(meter, f"{held}/capture/", {"amount": "1"})) == (409, "hold_resolved")
    assert problem(send(meter, f"{held}/release/", {})) == (409, "hold_resolved")


def test_a_capture_above_the_hold_is_refused(send, meter, filled, held):
    assert problem(send(meter, f"{held}/capture/", {"amount": "40.000001"})) == (409, "capture_too_large")
    assert balances(filled) == (60, 40)


def test_a_late_capture_is_refused_before_maintenance_has_run(send, meter, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        long_ago = timezone.now() - timedelta(hours=1)
        wallet = wallets.open_wallet(user=meter)
        ledger.topup(wallet=wallet, amount=Decimal(5), key="own", now=long_ago)
        ttl = timedelta(minutes=1)
        hold = ledger.reserve(wallet=wallet, amount=Decimal(5), key="late", ttl=ttl, now=long_ago, actor=meter).hold_id
    assert problem(send(meter, f"{hold}/capture/", {"amount": "1"})) == (409, "hold_expired")
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert problem(send(meter, f"{hold}/extend/", {"expires_at": later})) == (409, "hold_expired")
    assert send(meter, f"{hold}/release/", {}).status_code == 200


def test_a_hold_is_extended_in_time_and_amount(send, meter, filled, held):
    until = (timezone.now() + timedelta(hours=3)).replace(microsecond=0)
    response = send(meter, f"{held}/extend/", {"expires_at": until.isoformat()})
    assert (response.status_code, response.json()["transaction"]) == (200, None)
    response = send(meter, f"{held}/extend/", {"expires_at": until.isoformat(), "amount": "10"})
    assert response.json()["transaction"]["amount"] == "-10.000000"
    with platform_context():
        hold = Hold.objects.get(pk=held)
    assert (hold.amount, hold.expires_at) == (50, until)
    assert balances(filled) == (50, 50)
    assert problem(send(meter, f"{held}/extend/", {"expires_at": until.isoformat(), "amount": "51"})) == (
        402,
        "insufficient_balance",
    )
    too_late = (timezone.now() + timedelta(hours=25)).isoformat()
    assert set(send(meter, f"{held}/extend/", {"expires_at": too_late}).json()["errors"]) == {"expires_at"}


def test_a_release_returns_the_whole_hold(send, meter, filled, held):
    response = send(meter, f"{held}/release/", {"description": "Nobody answered"})
    assert response.json()["transaction"]["amount"] == "40.000000"
    assert balances(filled) == (100, 0)


def test_a_suspended_wallet_reserves_nothing_but_its_holds_can_be_resolved(send, meter, tenant, filled, held):
    with tenant_context(tenant.pk):
        wallets.change_status(wallet=filled, status=WalletStatus.SUSPENDED)
    assert problem(send(meter, "", {"amount": "1"})) == (409, "wallet_suspended")
    assert send(meter, f"{held}/capture/", {"amount": "40"}).status_code == 200


def test_a_closed_wallet_reserves_nothing(send, meter, tenant, wallet):
    with tenant_context(tenant.pk):
        wallets.change_status(wallet=wallet, status=WalletStatus.CLOSED)
    assert problem(send(meter, "", {"amount": "1"})) == (409, "wallet_closed")


def test_a_meter_uses_the_wallet_that_pays_for_it_unless_it_may_see_all(send, meter, admin, make_meter, tenant, filled):
    make_meter(admin)
    with tenant_context(tenant.pk):
        own = wallets.open_wallet(user=meter)
        ledger.topup(wallet=own, amount=Decimal(5), key="own")
    assert send(meter, "", {"amount": "5", "wallet": str(own.pk)}).json()["transaction"]["wallet"] == str(own.pk)
    assert problem(send(meter, "", {"amount": "5", "wallet": str(filled.pk)})) == (403, "missing_right")
    assert problem(send(meter, "", {"amount": "5"})) == (402, "insufficient_balance")
    assert send(admin, "", {"amount": "5", "wallet": str(filled.pk)}).status_code == 201


def test_a_meter_resolves_its_own_holds_unless_it_may_see_all(
    send, api, admin, meter, make_meter, tenant, filled, held
):
    make_meter(admin)
    mine = send(admin, "", {"amount": "1"}).json()["hold"]
    assert problem(send(meter, f"{mine}/release/", {})) == (404, "not_found")
    assert problem(api(meter).get(HOLDS)) == (403, "missing_right")
    assert {row["id"] for row in api(admin).get(HOLDS, {"status": "held"}).json()["results"]} == {mine, held}
    assert send(admin, f"{held}/release/", {}).status_code == 200


@pytest.mark.parametrize("role", ["owner", "admin", "viewer"])
def test_no_role_of_a_tenant_reserves_or_resolves(role, send, filled, held, request):
    person = request.getfixturevalue(role)
    later = (timezone.now() + timedelta(hours=2)).isoformat()
    calls = [
        ("", {"amount": "1"}),
        (f"{held}/capture/", {"amount": "0"}),
        (f"{held}/release/", {}),
        (f"{held}/extend/", {"expires_at": later}),
    ]
    for path, body in calls:
        answer = send(person, path, body)
        assert problem(answer) == (403, "missing_right")
        assert answer.json()["right"] == "usage.record"
    assert balances(filled) == (60, 40)


def test_another_tenants_hold_is_not_found(send, other_owner, held, make_meter):
    make_meter(other_owner)
    for action, body in (
        ("capture", {"amount": "1"}),
        ("release", {}),
        ("extend", {"expires_at": timezone.now().isoformat()}),
    ):
        assert problem(send(other_owner, f"{held}/{action}/", body)) == (404, "not_found")
