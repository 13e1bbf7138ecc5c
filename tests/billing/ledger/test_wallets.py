"""Wallets: opening, reading and changing them. Only the ledger changes their balances."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from billing.ledger.errors import WalletClosed
from billing.ledger.models import LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import LedgerTransactionFactory, UsageEventFactory, WalletFactory
from tests.factories.tenants import UserFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import refuses, stored
from tests.support.events import events

WALLETS = "/api/v1/billing-wallets/"
MINE = f"{WALLETS}mine/"


def page(name, *arguments):
    return reverse(f"admin:billing_{name}", args=arguments)


@pytest.fixture
def filled(tenant, wallet):
    """Return the tenant's wallet with a balance of 100."""
    with platform_context(tenant_id=tenant.pk):
        LedgerTransactionFactory.create(wallet=wallet)
    return wallet


@pytest.fixture
def own(tenant, member):
    """Return the member's own wallet with a balance of 20."""
    with platform_context(tenant_id=tenant.pk):
        wallet = wallets.open_wallet(user=member)
        ledger.topup(wallet=wallet, amount=Decimal(20), key="allowance")
    return wallet


def test_a_wallet_is_opened_once_by_repeated_calls(tenant, member):
    with tenant_context(tenant.pk):
        first = wallets.open_wallet(currency="EUR")
        assert (first.currency, first.user_id, first.current_balance) == ("EUR", None, 0)
        assert wallets.open_wallet(currency="USD") == first
        own = wallets.open_wallet(user=member)
        assert (own.user_id, wallets.open_wallet(user=member)) == (member.pk, own)
        assert Wallet.objects.count() == 2
    assert len(events("billing.wallet.created")) == 2


@pytest.mark.django_db(transaction=True)
def test_concurrent_calls_open_one_wallet(tenant):
    def open_it(_number):
        try:
            with tenant_context(tenant.pk):
                return wallets.open_wallet().pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        opened = set(pool.map(open_it, range(6)))
    assert len(opened) == 1
    with platform_context():
        assert Wallet.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("checked", [False, True], ids=["before the check", "between check and write"])
def test_a_call_that_loses_the_race_returns_the_winners_wallet(checked, tenant, monkeypatch):
    check = Wallet.clean_fields
    others: list[Any] = []

    def open_it():
        with tenant_context(tenant.pk):
            return wallets.open_wallet(currency="EUR").pk

    def race(row, *arguments, **values):
        if others:
            return check(row, *arguments, **values)
        others.append(None)
        if checked:
            check(row, *arguments, **values)
        others[:] = run_together(open_it)
        return None if checked else check(row, *arguments, **values)

    monkeypatch.setattr(Wallet, "clean_fields", race)
    with tenant_context(tenant.pk):
        mine = wallets.open_wallet()
    assert ([mine.pk], mine.currency) == (others, "EUR")


def test_no_wallet_is_opened_for_a_stranger_or_with_an_invalid_currency(tenant):
    with platform_context():
        stranger = UserFactory.create()
    with tenant_context(tenant.pk):
        for values in ({"user": stranger}, {"currency": "dollars"}):
            with refuses(Invalid) as caught:
                wallets.open_wallet(**values)
            assert set(caught.value.errors) == set(values)
        assert not Wallet.objects.exists()


def test_a_users_own_wallet_pays_unless_it_is_closed_then_the_tenants(tenant, member, admin, own):
    with tenant_context(tenant.pk):
        assert wallets.paying_wallet(user_id=member.pk) == own
        tenants = wallets.paying_wallet(user_id=admin.pk)
        assert (tenants.user_id, wallets.paying_wallet()) == (None, tenants)
        wallets.change_status(wallet=own, status=WalletStatus.SUSPENDED)
        assert wallets.paying_wallet(user_id=member.pk) == own
        ledger.adjust(wallet=own, amount=Decimal(20), key="more", reason="Before it is closed")
    with tenant_context(tenant.pk):
        wallets.change_status(wallet=own, status=WalletStatus.ACTIVE)
        ledger.debit(wallet=own, amount=Decimal(40), key="spent")
        wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
        assert wallets.paying_wallet(user_id=member.pk) == tenants


def test_a_wallet_added_in_the_admin_is_empty_whatever_was_sent(root, tenant, member):
    sent = {"tenant": tenant.pk, "user": member.pk, "currency": "USD", "low_balance_threshold": "5"}
    balances = {"current_balance": "500", "reserved_balance": "-500", "ledger_version": "3", "ledger_hash": "ab"}
    assert root.post(page("wallet_add"), {**sent, **balances}).status_code == 302
    with platform_context():
        wallet = Wallet.objects.get(user=member)
    assert (wallet.current_balance, wallet.reserved_balance, wallet.low_balance_threshold) == (0, 0, 5)
    assert (wallet.ledger_version, bytes(wallet.ledger_hash)) == (0, b"")


def test_a_second_wallet_of_the_tenant_is_refused_with_a_message(root, wallet):
    response = root.post(page("wallet_add"), {"tenant": wallet.tenant_id, "currency": "USD"})
    assert response.status_code == 200
    assert "The tenant already has its own wallet." in response.content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {"current_balance": Decimal(1)},
        {"reserved_balance": Decimal(1)},
        {"ledger_version": 7},
        {"ledger_hash": b"x"},
        {"low_balance_notified_at": timezone.now()},
        {"currency": "EUR"},
    ],
)
def test_a_plain_write_cannot_change_balances_or_currency(values, tenant, filled):
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid) as caught:
        writes.update(stored(filled), values)
    assert set(caught.value.errors) == set(values)
    assert stored(filled).current_balance == 100


def test_a_plain_write_cannot_open_a_wallet_with_a_balance(tenant):
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid):
        writes.create(Wallet, {"current_balance": Decimal(1)})


def test_a_write_of_a_stale_row_does_not_undo_a_posting(tenant, filled):
    stale = stored(filled)
    with platform_context(tenant_id=tenant.pk):
        ledger.debit(wallet=filled, amount=Decimal(30), key="meanwhile")
        writes.update(stale, {"low_balance_threshold": Decimal(5), "metadata": {"cost_centre": "7"}})
    now = stored(filled)
    assert (now.current_balance, now.ledger_version, now.low_balance_threshold) == (70, 2, 5)


def test_a_wallet_cannot_be_deleted(tenant, wallet, root):
    with platform_context(tenant_id=tenant.pk), pytest.raises(wallets.WalletNotDeletable):
        writes.delete(wallet)
    assert root.post(page("wallet_delete", wallet.pk), {"post": "yes"}).status_code == 403
    assert stored(wallet)


@pytest.mark.parametrize("model", ["ledgertransaction", "hold", "creditlot", "usageevent", "usercredit"])
def test_ledger_holds_and_usage_cannot_be_added_in_the_admin(model, root):
    assert root.get(page(f"{model}_changelist")).status_code == 200
    assert root.get(page(f"{model}_add")).status_code == 403
    assert root.post(page(f"{model}_add"), {"amount": "100"}).status_code == 403


def test_a_usage_event_cannot_be_edited_in_the_admin(root, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = UsageEventFactory.create()
    assert root.post(page("usageevent_change", row.pk), {"total_cost": "0", "status": "voided"}).status_code == 403
    with platform_context():
        assert UsageEvent.objects.get(pk=row.pk).status == "pending"


def test_only_an_empty_wallet_is_closed_and_only_the_tenants_own_can_be_reactivated(tenant, filled, own):
    with platform_context(tenant_id=tenant.pk):
        with pytest.raises(wallets.WalletNotEmpty):
            wallets.change_status(wallet=filled, status=WalletStatus.CLOSED)
        held = ledger.reserve(wallet=filled, amount=Decimal(100), key="held", ttl=timedelta(minutes=1))
        with pytest.raises(wallets.WalletNotEmpty):
            wallets.change_status(wallet=filled, status=WalletStatus.CLOSED)
        assert held.hold_id
        ledger.capture(hold=held.hold_id, amount=Decimal(100), key="captured")
        wallets.change_status(wallet=filled, status=WalletStatus.CLOSED)
        with pytest.raises(WalletClosed):
            wallets.change_status(wallet=filled, status=WalletStatus.SUSPENDED)
        assert wallets.change_status(wallet=filled, status=WalletStatus.ACTIVE).status == "active"
        ledger.debit(wallet=own, amount=Decimal(20), key="spent")
        wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
        with pytest.raises(WalletClosed):
            wallets.change_status(wallet=own, status=WalletStatus.ACTIVE)


def test_the_list_of_wallets_finds_those_below_their_threshold(root, tenant, member):
    with platform_context(tenant_id=tenant.pk):
        low = WalletFactory.create(user=None, low_balance_threshold=5)
        fine = WalletFactory.create(user=member, low_balance_threshold=5)
        for wallet in (low, fine):
            ledger.topup(wallet=wallet, amount=Decimal(6), key=f"topup-{wallet.pk}")
        ledger.reserve(wallet=low, amount=Decimal(2), key="held", ttl=timedelta(minutes=1))
    found = root.get(page("wallet_changelist"), {"balance": "low"}).context["cl"].result_list
    assert [row.pk for row in found] == [low.pk]


def test_a_wallet_is_read_with_its_ledger_lots_and_holds(api, owner, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        ledger.reserve(wallet=filled, amount=Decimal(30), key="held", ttl=timedelta(minutes=1))
    included = {"include": "ledger_transactions,credit_lots,holds"}
    shown = api(owner).get(f"{WALLETS}{filled.pk}/", included).json()
    assert Decimal(shown["current_balance"]) == 100
    assert Decimal(shown["available_balance"]) == 70
    assert shown["ledger_hash"] == bytes(stored(filled).ledger_hash).hex()
    reservation, topup = shown["ledger_transactions"]["results"]
    assert (topup["transaction_type"], topup["wallet_version"], reservation["wallet_version"]) == ("topup", 1, 2)
    assert reservation["entry_hash"] == shown["ledger_hash"]
    [lot] = shown["credit_lots"]["results"]
    assert (Decimal(lot["amount"]), Decimal(lot["remaining"]), lot["is_open"]) == (100, 70, True)
    [hold] = shown["holds"]["results"]
    assert (hold["status"], Decimal(hold["amount"]), hold["id"]) == ("held", 30, reservation["hold"])


def test_the_api_changes_the_threshold_of_a_wallet_and_nothing_else(api, admin, member, filled):
    url = f"{WALLETS}{filled.pk}/"
    assert api(admin).patch(url, {"low_balance_threshold": "7.5"}, format="json").status_code == 200
    assert stored(filled).low_balance_threshold == Decimal("7.5")
    [event] = events("billing.wallet.threshold_set")
    assert Decimal(event.payload["after"]) == Decimal("7.5")
    for body in ({"current_balance": "5"}, {"status": "closed"}, {"currency": "EUR"}, {"ledger_version": 9}):
        assert problem(api(admin).patch(url, body, format="json")) == (400, "invalid")
    assert problem(api(admin).patch(url, {"low_balance_threshold": "-1"}, format="json")) == (400, "invalid")
    assert problem(api(member).patch(url, {"low_balance_threshold": "1"}, format="json")) == (403, "missing_right")
    assert problem(api(admin).post(WALLETS, {}, format="json"))[0] == 405
    assert problem(api(admin).delete(url))[0] == 405
    assert stored(filled).current_balance == 100
    with platform_context():
        assert LedgerTransaction.objects.count() == 1


def test_callers_who_may_spend_see_the_wallet_that_pays_for_them(api, tenant, member, viewer, own, filled):
    soon, later = timezone.now() + timedelta(days=3), timezone.now() + timedelta(days=30)
    with platform_context(tenant_id=tenant.pk):
        wallets.set_threshold(wallet=own, threshold=Decimal(50))
        ledger.credit(wallet=own, amount=Decimal(4), key="later", expires_at=later)
        ledger.credit(wallet=own, amount=Decimal(3), key="soon", expires_at=soon)
        ledger.reserve(wallet=own, amount=Decimal(2), key="held", ttl=timedelta(minutes=1))
    shown = api(member).get(MINE).json()
    assert (shown["wallet_id"], shown["is_own"], shown["is_low"]) == (str(own.pk), True, True)
    assert (shown["status"], shown["currency"], shown["low_balance_threshold"]) == ("active", "USD", "50.000000")
    amounts = [shown[f"{name}_balance"] for name in ("current", "reserved", "available")]
    assert amounts == ["27.000000", "2.000000", "25.000000"]
    lot = shown["next_expiring_lot"]
    assert (lot["remaining"], lot["expires_at"][:10]) == ("1.000000", f"{soon:%Y-%m-%d}")
    assert problem(api(viewer).get(MINE)) == (403, "missing_right")
    assert problem(api(member).get(WALLETS)) == (403, "missing_right")


def test_reading_the_paying_wallet_opens_the_tenants_wallet(api, owner):
    shown = api(owner).get(MINE).json()
    assert (shown["is_own"], shown["available_balance"], shown["next_expiring_lot"]) == (False, "0.000000", None)
    assert shown["low_balance_threshold"] is None
    assert api(owner).get(MINE).json()["wallet_id"] == shown["wallet_id"]
