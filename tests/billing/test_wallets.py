"""Wallets in the admin and the API: looked at by many, changed in little, their money in nothing but the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import LedgerTransaction, UsageEvent, Wallet, WalletStatus
from billing.services import wallets
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tests.contract.pages import untouched
from tests.factories.billing import LedgerTransactionFactory, UsageEventFactory, WalletFactory
from tests.tenants.helpers import events, problem

WALLETS = "/api/v1/billing-wallets/"
REASON = {"reason": "Asked for by the customer"}


def page(name, *arguments):
    return reverse(f"admin:billing_{name}", args=arguments)


def as_now(wallet):
    with platform_context():
        return Wallet.objects.get(pk=wallet.pk)


@pytest.fixture
def filled(tenant, wallet):
    """The tenant's wallet with 100 in it, and the top-up that brought them."""
    with platform_context(tenant_id=tenant.pk):
        LedgerTransactionFactory.create(wallet=wallet)
        Wallet.objects.filter(pk=wallet.pk).update(current_balance=100)
    return wallet


def test_a_wallet_added_by_hand_is_empty_whatever_was_sent(root, tenant, member):
    sent = {"tenant": tenant.pk, "user": member.pk, "currency": "USD", "low_balance_threshold": "5"}
    response = root.post(page("wallet_add"), {**sent, "current_balance": "500", "reserved_balance": "-500"})
    assert response.status_code == 302
    with platform_context():
        wallet = Wallet.objects.get(user=member)
    assert (wallet.current_balance, wallet.reserved_balance, wallet.low_balance_threshold) == (0, 0, 5)


def test_a_second_wallet_of_the_tenant_is_refused_in_words(root, wallet):
    response = root.post(page("wallet_add"), {"tenant": wallet.tenant_id, "currency": "USD"})
    assert response.status_code == 200
    assert "The tenant has a wallet of its own already." in response.content.decode()


def test_the_form_of_a_wallet_changes_its_threshold_and_nothing_else(root, filled, member):
    sent = {"low_balance_threshold": "7", "current_balance": "900", "status": "closed", "currency": "EUR"}
    url = page("wallet_change", filled.pk)
    served = untouched(root.get(url), Wallet)
    assert root.post(url, {**served, **sent, "user": member.pk}).status_code == 302
    now = as_now(filled)
    assert (now.low_balance_threshold, now.current_balance, now.status, now.currency, now.user_id) == (
        Decimal(7),
        Decimal(100),
        "active",
        "USD",
        None,
    )


@pytest.mark.parametrize(
    "values", [{"current_balance": Decimal(1)}, {"reserved_balance": Decimal(1)}, {"currency": "EUR"}]
)
def test_no_plain_write_moves_money_or_changes_what_a_wallet_is(values, tenant, filled):
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid) as caught:
        writes.update(as_now(filled), values)
    assert set(caught.value.errors) == set(values)
    assert as_now(filled).current_balance == 100


def test_no_plain_write_opens_a_wallet_with_money_in_it(tenant):
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid):
        writes.create(Wallet, {"current_balance": Decimal(1)})


def test_a_wallet_is_not_deleted(tenant, wallet, root):
    with platform_context(tenant_id=tenant.pk), pytest.raises(wallets.WalletKept):
        writes.delete(wallet)
    assert root.post(page("wallet_delete", wallet.pk), {"post": "yes"}).status_code == 403
    assert as_now(wallet)


@pytest.mark.parametrize("model", ["ledgertransaction", "usageevent", "usercredit", "credittransaction"])
def test_ledger_and_use_cannot_be_entered_by_hand(model, root):
    assert root.get(page(f"{model}_changelist")).status_code == 200
    assert root.get(page(f"{model}_add")).status_code == 403
    assert root.post(page(f"{model}_add"), {"amount": "100"}).status_code == 403


def test_a_usage_event_cannot_be_edited_in_the_admin(root, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = UsageEventFactory.create()
    assert root.post(page("usageevent_change", row.pk), {"total_cost": "0", "status": "voided"}).status_code == 403
    with platform_context():
        assert UsageEvent.objects.get(pk=row.pk).status == "pending"


def test_a_wallet_is_suspended_and_reactivated_with_a_reason(root, wallet, superuser):
    for action, status, event in (
        ("suspend", "suspended", "suspended"),
        ("reactivate", "active", "reactivated"),
        ("close", "closed", "closed"),
    ):
        before = as_now(wallet).status
        assert root.post(page(f"wallet_{action}", wallet.pk), REASON).status_code == 302
        assert as_now(wallet).status == status
        [told] = events(f"billing.wallet.{event}")
        assert told.payload == {"before": before, **REASON}
        assert told.metadata["actor_id"] == str(superuser.pk)


def test_a_wallet_that_holds_money_is_not_closed(root, filled):
    response = root.post(page("wallet_close", filled.pk), REASON)
    assert "still holds money" in response.content.decode()
    assert as_now(filled).status == "active"
    assert events("billing.wallet.closed") == []


def test_a_closed_wallet_stays_closed(tenant, wallet):
    with platform_context(tenant_id=tenant.pk):
        wallets.move(wallet=wallet, status=WalletStatus.CLOSED)
        with pytest.raises(wallets.WalletClosed):
            wallets.move(wallet=wallet, status=WalletStatus.ACTIVE)


def test_the_page_of_a_wallet_shows_its_ledger_newest_first_a_page_at_a_time(root, tenant, wallet):
    now = timezone.now()
    with platform_context(tenant_id=tenant.pk):
        for number in range(25):
            at = now - timedelta(days=number)
            LedgerTransactionFactory.create(wallet=wallet, created_at=at, description=f"movement number {number};")
        LedgerTransactionFactory.create(wallet=WalletFactory.create(), description="somebody else's")
    shown = root.get(page("wallet_change", wallet.pk)).content.decode()
    places = [shown.find(f"movement number {number};") for number in range(25)]
    assert all(place > 0 for place in places[:20])
    assert places[:20] == sorted(places[:20])
    assert all(place == -1 for place in places[20:])
    assert "somebody else" not in shown


def test_the_list_of_wallets_finds_those_below_their_threshold(root, tenant, member):
    with platform_context(tenant_id=tenant.pk):
        low = WalletFactory.create(user=None, current_balance=6, reserved_balance=2, low_balance_threshold=5)
        WalletFactory.create(user=member, current_balance=6, low_balance_threshold=5)
    found = root.get(page("wallet_changelist"), {"balance": "low"}).context["cl"].result_list
    assert [row.pk for row in found] == [low.pk]


def test_a_wallet_is_read_with_its_ledger(api, owner, filled):
    shown = api(owner).get(f"{WALLETS}{filled.pk}/", {"include": "ledger_transactions"}).json()
    assert Decimal(shown["current_balance"]) == 100
    [movement] = shown["ledger_transactions"]["results"]
    assert (movement["transaction_type"], Decimal(movement["amount"])) == ("topup", 100)


def test_wallets_are_only_read_through_the_api(api, owner, member, filled):
    assert problem(api(owner).post(WALLETS, {"current_balance": "5"}, format="json"))[0] in {403, 405}
    for method in ("put", "patch", "delete"):
        response = getattr(api(owner), method)(f"{WALLETS}{filled.pk}/", {"current_balance": "5"}, format="json")
        assert problem(response)[0] in {403, 405}
    assert problem(api(member).get(WALLETS)) == (403, "missing_right")
    assert as_now(filled).current_balance == 100
    with platform_context():
        assert LedgerTransaction.objects.count() == 1
