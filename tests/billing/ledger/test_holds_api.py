"""Holds through the API: reserve, extend, capture and release, each once, for good."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.ledger.keys import LONGEST
from billing.ledger.models import Hold, LedgerTransaction, WalletStatus
from billing.ledger.services import ledger, wallets
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.ledger.test_wallets import as_now
from tests.tenants.helpers import problem

HOLDS = "/api/v1/billing-holds/"
CALL = {"reference_type": "voice_call", "description": "Call to a lead"}


@pytest.fixture
def filled(tenant, wallet):
    """The tenant's wallet with 100 in it."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(100), key="first")
    return wallet


@pytest.fixture
def send(api):
    """``send(user, path, body)`` writes under a key of its own, or under the one given."""

    def post(user, path, body, key=None):
        return api(user).post(f"{HOLDS}{path}", body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))

    return post


@pytest.fixture
def held(send, member, filled):
    """A hold of 40 that the member made."""
    response = send(member, "", {"amount": "40"})
    assert response.status_code == 201, response.content
    return response.json()["hold"]


def forget_answers():
    """As it is a day later: the API no longer knows what it answered."""
    with platform_context():
        assert IdempotencyKey.objects.all().hard_delete()[0]


def balances(wallet):
    now = as_now(wallet)
    return now.available_balance, now.reserved_balance


def test_a_reservation_sets_money_aside_for_a_quarter_of_an_hour(send, member, filled):
    reference = uuid4()
    response = send(member, "", {"amount": "12.5", "reference_id": str(reference), **CALL})
    assert response.status_code == 201
    answer = response.json()
    assert response["Location"] == f"{HOLDS}{answer['hold']}/"
    with platform_context():
        hold = Hold.objects.get(pk=answer["hold"])
        row = LedgerTransaction.objects.get(hold=hold)
    assert (hold.amount, hold.status, hold.reference_id) == (Decimal("12.5"), "held", reference)
    assert hold.expires_at - hold.created_at == timedelta(minutes=15)
    assert answer["expires_at"] == hold.expires_at.isoformat().replace("+00:00", "Z")
    told = answer["transaction"]
    assert (told["id"], told["amount"], told["balance_after"]) == (str(row.pk), "-12.500000", "87.500000")
    assert (told["reserved_after"], told["wallet"]) == ("12.500000", str(filled.pk))
    assert row.created_by_id == member.pk
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
def test_what_is_no_reservation_is_refused_by_field(body, field, send, member, filled):
    response = send(member, "", body)
    assert problem(response) == (400, "invalid")
    assert set(response.json()["errors"]) == {field}
    assert balances(filled) == (100, 0)


def test_more_than_is_there_is_refused_with_what_is_there(send, member, filled):
    response = send(member, "", {"amount": "100.000001"})
    assert problem(response) == (402, "insufficient_balance")
    told = response.json()
    assert [Decimal(told["required"]), Decimal(told["available"]), told["currency"]] == [
        Decimal("100.000001"),
        Decimal(100),
        "USD",
    ]
    assert balances(filled) == (100, 0)


def test_a_failed_attempt_leaves_its_key_free(send, member, tenant, filled):
    assert send(member, "", {"amount": "150"}, "once").status_code == 402
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=filled, amount=Decimal(100), key="more")
    assert send(member, "", {"amount": "150"}, "once").status_code == 201


def test_a_write_names_itself(api, member, filled, held):
    for path in ("", f"{held}/capture/", f"{held}/extend/", f"{held}/release/"):
        response = api(member).post(f"{HOLDS}{path}", {"amount": "1"}, format="json")
        assert problem(response) == (400, "idempotency_key_required")
    response = api(member).post(HOLDS, {"amount": "1"}, format="json", HTTP_IDEMPOTENCY_KEY="k" * (LONGEST + 1))
    assert problem(response) == (400, "idempotency_key_malformed")


def test_the_ledger_answers_a_repetition_when_the_api_has_forgotten_it(send, member, filled):
    later = (timezone.now() + timedelta(hours=2)).isoformat()
    first = send(member, "", {"amount": "40"}, "reserve")
    hold = first.json()["hold"]
    calls = [
        ("", {"amount": "40"}, "reserve", first),
        *(
            (f"{hold}/{action}/", body, action, send(member, f"{hold}/{action}/", body, action))
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
        forget_answers()
        for path, body, key, before in calls:
            again = send(member, path, body, key)
            assert (again.status_code, again.content) == (before.status_code, before.content)
    assert balances(filled) == after


def test_the_same_key_for_something_else_is_a_conflict_that_names_the_field(send, member, filled, held):
    send(member, f"{held}/capture/", {"amount": "30"}, "capture")
    forget_answers()
    response = send(member, f"{held}/capture/", {"amount": "31"}, "capture")
    assert problem(response) == (409, "idempotency_conflict")
    assert response.json()["field"] == "amount"
    assert balances(filled) == (70, 0)


def test_a_repetition_finds_its_wallet_though_another_pays_by_now(send, member, tenant, filled):
    first = send(member, "", {"amount": "40"}, "reserve")
    with tenant_context(tenant.pk):
        wallets.open_wallet(user=member)
    forget_answers()
    again = send(member, "", {"amount": "40"}, "reserve")
    assert (again.status_code, again.content) == (201, first.content)


def test_a_capture_takes_what_the_work_cost_and_gives_the_rest_back(send, member, filled, held):
    response = send(member, f"{held}/capture/", {"amount": "12.345678"})
    assert response.status_code == 200
    told = response.json()["transaction"]
    assert (told["transaction_type"], told["amount"], told["balance_after"]) == ("debit", "-12.345678", "87.654322")
    assert balances(filled) == (Decimal("87.654322"), 0)
    assert problem(send(member, f"{held}/capture/", {"amount": "1"})) == (409, "hold_resolved")
    assert problem(send(member, f"{held}/release/", {})) == (409, "hold_resolved")


def test_a_capture_takes_no_more_than_is_held(send, member, filled, held):
    assert problem(send(member, f"{held}/capture/", {"amount": "40.000001"})) == (409, "capture_too_large")
    assert balances(filled) == (60, 40)


def test_a_late_capture_is_refused_though_nothing_has_swept_yet(send, member, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        long_ago = timezone.now() - timedelta(hours=1)
        wallet = wallets.open_wallet(user=member)
        ledger.topup(wallet=wallet, amount=Decimal(5), key="own", now=long_ago)
        ttl = timedelta(minutes=1)
        hold = ledger.reserve(wallet=wallet, amount=Decimal(5), key="late", ttl=ttl, now=long_ago, actor=member).hold_id
    assert problem(send(member, f"{hold}/capture/", {"amount": "1"})) == (409, "hold_expired")
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert problem(send(member, f"{hold}/extend/", {"expires_at": later})) == (409, "hold_expired")
    assert send(member, f"{hold}/release/", {}).status_code == 200


def test_a_hold_is_extended_in_time_and_in_money(send, member, filled, held):
    until = (timezone.now() + timedelta(hours=3)).replace(microsecond=0)
    response = send(member, f"{held}/extend/", {"expires_at": until.isoformat()})
    assert (response.status_code, response.json()["transaction"]) == (200, None)
    response = send(member, f"{held}/extend/", {"expires_at": until.isoformat(), "amount": "10"})
    assert response.json()["transaction"]["amount"] == "-10.000000"
    with platform_context():
        hold = Hold.objects.get(pk=held)
    assert (hold.amount, hold.expires_at) == (50, until)
    assert balances(filled) == (50, 50)
    assert problem(send(member, f"{held}/extend/", {"expires_at": until.isoformat(), "amount": "51"})) == (
        402,
        "insufficient_balance",
    )
    too_late = (timezone.now() + timedelta(hours=25)).isoformat()
    assert set(send(member, f"{held}/extend/", {"expires_at": too_late}).json()["errors"]) == {"expires_at"}


def test_a_release_gives_everything_back(send, member, filled, held):
    response = send(member, f"{held}/release/", {"description": "Nobody answered"})
    assert response.json()["transaction"]["amount"] == "40.000000"
    assert balances(filled) == (100, 0)


def test_a_suspended_wallet_reserves_nothing_but_resolves_what_is_held(send, member, tenant, filled, held):
    with tenant_context(tenant.pk):
        wallets.move(wallet=filled, status=WalletStatus.SUSPENDED)
    assert problem(send(member, "", {"amount": "1"})) == (409, "wallet_suspended")
    assert send(member, f"{held}/capture/", {"amount": "40"}).status_code == 200


def test_a_closed_wallet_reserves_nothing(send, admin, tenant, wallet):
    with tenant_context(tenant.pk):
        wallets.move(wallet=wallet, status=WalletStatus.CLOSED)
    assert problem(send(admin, "", {"amount": "1"})) == (409, "wallet_closed")


def test_who_only_spends_does_so_from_the_wallet_that_pays_for_them(send, member, admin, tenant, filled):
    with tenant_context(tenant.pk):
        own = wallets.open_wallet(user=member)
        ledger.topup(wallet=own, amount=Decimal(5), key="own")
    assert send(member, "", {"amount": "5", "wallet": str(own.pk)}).json()["transaction"]["wallet"] == str(own.pk)
    assert problem(send(member, "", {"amount": "5", "wallet": str(filled.pk)})) == (403, "missing_right")
    assert problem(send(member, "", {"amount": "5"})) == (402, "insufficient_balance")
    assert send(admin, "", {"amount": "5", "wallet": str(filled.pk)}).status_code == 201


def test_people_resolve_their_own_holds_and_admins_those_of_all(send, api, admin, member, viewer, tenant, filled, held):
    mine = send(admin, "", {"amount": "1"}).json()["hold"]
    assert problem(send(member, f"{mine}/release/", {})) == (404, "not_found")
    assert problem(send(viewer, "", {"amount": "1"})) == (403, "missing_right")
    assert problem(send(viewer, f"{held}/release/", {})) == (403, "missing_right")
    assert problem(api(member).get(HOLDS)) == (403, "missing_right")
    assert {row["id"] for row in api(admin).get(HOLDS, {"status": "held"}).json()["results"]} == {mine, held}
    assert send(admin, f"{held}/release/", {}).status_code == 200


def test_another_tenants_hold_is_not_there(send, other_owner, held):
    for action, body in (
        ("capture", {"amount": "1"}),
        ("release", {}),
        ("extend", {"expires_at": timezone.now().isoformat()}),
    ):
        assert problem(send(other_owner, f"{held}/{action}/", body)) == (404, "not_found")
