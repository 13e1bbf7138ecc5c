"""Automatic top-ups start on a low balance, charge once, and respect the rule's limits."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import AutoTopup, CreditPackage, Payment
from billing.payments.providers.configured import provider
from billing.payments.services import auto_topup, settlement
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import (
    available,
    deliver_event,
    get_payment,
    ledger_rows,
    pay_checkout,
    start_checkout,
)
from tests.billing.payments.stripe_server import CARD, DECLINED, DECLINED_CARD, SECRET_KEY, Hangup, StripeAccount
from tests.factories.billing import AutoTopupFactory, WalletFactory
from tests.support.api import problem
from tests.support.concurrency import run_together

NOW = timezone.now()


@pytest.fixture(autouse=True)
def the_moment_is_now() -> None:
    """Set the clock to now: leases use the database's clock."""
    global NOW
    NOW = timezone.now()


RULES = "/api/v1/billing-auto-topups/"


def consider(*, after: timedelta = timedelta(0)) -> int:
    with platform_context():
        return auto_topup.start_due_topups(now=NOW + after)


def settle(*, after: timedelta = timedelta(0)) -> int:
    return settlement.settle_due(cards=provider(), now=NOW + after)


def spend(tenant: Tenant, wallet: Wallet, amount: str, key: str) -> None:
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(amount), key=key)


def change(rule: AutoTopup, **values: Any) -> None:
    with platform_context():
        AutoTopup.objects.filter(pk=rule.pk).update(**values)


def reread(rule: AutoTopup) -> AutoTopup:
    with platform_context():
        return AutoTopup.objects.get(pk=rule.pk)


def die(_path: str) -> None:
    """Drop the connection."""
    raise Hangup


def declines() -> list[dict[str, Any]]:
    with platform_context():
        return [each.payload for each in DomainEvent.objects.filter(event_type="billing.auto_topup.declined")]


def test_a_wallet_below_the_threshold_is_topped_up_from_the_card(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    assert consider() == 1
    assert (get_payment().status, account.intents) == ("created", {})
    assert settle() == 1
    (intent,) = account.intents.values()
    # (100.00 + 5.00 + 1.00) / 0.971 = 109.1658…
    assert (intent["amount"], intent["customer"], intent["payment_method"]) == (10917, rule.customer_id, CARD)
    assert (get_payment().status, available(wallet)) == ("succeeded", 100)
    assert [row.idempotency_key for row in ledger_rows(wallet)] == [f"stripe_{intent['id']}"]
    assert consider(after=timedelta(hours=1)) == 0


def test_a_package_is_bought_at_its_price(rule: AutoTopup, wallet: Wallet, package: CreditPackage) -> None:
    change(rule, package=package, amount=None)
    consider()
    settle()
    assert (get_payment().total, get_payment().amount) == (Decimal("108.08"), Decimal(100))


def test_a_low_balance_event_starts_a_top_up(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: StripeAccount
) -> None:
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(50), key="before")
        wallets.set_threshold(wallet=Wallet.objects.get(pk=wallet.pk), threshold=Decimal(20))
    drain()
    with platform_context():
        assert not Payment.objects.exists()
    spend(tenant, wallet, "40", "work")
    drain()
    assert (get_payment().kind, get_payment().status) == ("automatic", "created")
    assert account.intents == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rule: change(rule, is_enabled=False),
        lambda rule: change(rule, threshold=0),
        lambda rule: change(rule, paused_until=NOW + timedelta(minutes=1)),
        lambda rule: Wallet.objects.update(status=WalletStatus.SUSPENDED),
        lambda rule: Wallet.objects.update(status=WalletStatus.CLOSED),
    ],
    ids=["off", "enough", "paused", "suspended", "closed"],
)
def test_no_top_up_starts_when_the_rule_does_not_call_for_one(
    spoil: Callable[[AutoTopup], Any], rule: AutoTopup
) -> None:
    with platform_context():
        spoil(rule)
    assert consider() == 0


def test_the_wallets_of_each_tenant_are_topped_up_from_their_own_cards(
    rule: AutoTopup, other_tenant: Tenant, account: StripeAccount
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        other = AutoTopupFactory.create(wallet=WalletFactory.create(user=None), is_enabled=True)
    assert consider() == 2
    settle()
    assert {each["customer"] for each in account.intents.values()} == {rule.customer_id, other.customer_id}


def test_a_second_top_up_waits_until_the_first_has_ended(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    change(rule, minutes_between=1)
    account.processing = True
    consider()
    settle()
    assert get_payment().status == "pending"
    assert consider(after=timedelta(hours=1)) == 0
    (intent,) = account.intents.values()
    assert deliver_event(account, "payment_intent.succeeded", {**intent, "status": "succeeded"}) == "processed"
    assert available(wallet) == 100


@pytest.mark.django_db(transaction=True)
def test_only_one_of_several_simultaneous_top_ups_starts(rule: AutoTopup) -> None:
    def begin() -> bool:
        with tenant_context(rule.tenant_id):
            return auto_topup.start_topup(rule_id=rule.pk, now=NOW) is not None

    assert run_together(*[begin] * 8).count(True) == 1


def test_the_database_refuses_a_second_open_top_up_of_a_wallet(rule: AutoTopup, tenant: Tenant) -> None:
    consider()
    change(rule, minutes_between=1)
    with platform_context():
        first = get_payment()
        second = Payment(
            **{f.attname: getattr(first, f.attname) for f in Payment._meta.concrete_fields if f.name != "id"}
        )
        second.idempotency_key = "automatic:another"
        Payment.objects.bulk_create([second], ignore_conflicts=True)
        assert Payment.objects.count() == 1


def test_the_daily_limit_of_top_ups_is_kept(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: StripeAccount
) -> None:
    started = []
    for number in range(6):
        started.append(consider(after=timedelta(hours=number)))
        settle(after=timedelta(hours=number))
        if available(wallet):
            spend(tenant, wallet, "100", f"work-{number}")
    assert started == [1, 1, 1, 0, 0, 0]
    assert consider(after=timedelta(hours=24, seconds=1)) == 1


def test_the_minimum_time_between_top_ups_is_kept(rule: AutoTopup, wallet: Wallet, tenant: Tenant) -> None:
    consider()
    settle()
    spend(tenant, wallet, "100", "work")
    assert consider(after=timedelta(minutes=9)) == 0
    assert consider(after=timedelta(minutes=11)) == 1


def test_a_declined_card_pauses_the_rule_for_an_hour_and_is_announced(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    change(rule, payment_method_id=DECLINED_CARD)
    consider()
    settle()
    assert (get_payment().status, get_payment().error, available(wallet)) == ("failed", DECLINED, 0)
    assert reread(rule).paused_until == NOW + timedelta(hours=1)
    assert [each["reason"] for each in declines()] == [DECLINED]
    assert rule.payment_method_id not in str(declines())
    assert consider(after=timedelta(minutes=59)) == 0
    assert consider(after=timedelta(minutes=61)) == 1


def test_a_decline_reported_by_webhook_pauses_the_rule_too(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    account.processing = True
    consider()
    settle()
    (intent,) = account.intents.values()
    failed = {**intent, "status": "requires_payment_method", "last_payment_error": {"message": DECLINED}}
    assert deliver_event(account, "payment_intent.payment_failed", failed) == "processed"
    assert (get_payment().status, len(declines())) == ("failed", 1)
    assert deliver_event(account, "payment_intent.payment_failed", failed) == "ignored"
    assert len(declines()) == 1


def test_a_busy_provider_is_retried_with_the_same_key(rule: AutoTopup, wallet: Wallet, account: StripeAccount) -> None:
    account.busy = 1
    consider()
    settle()
    assert get_payment().status == "created"
    settle(after=timedelta(hours=1))
    assert available(wallet) == 100
    assert {key for _path, key in account.requests} == {str(get_payment().pk)}


def test_a_refused_request_pauses_the_rule_and_a_wrong_api_key_does_not(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_revoked"
    consider()
    settle()
    assert (get_payment().status, reread(rule).paused_until, declines()) == ("created", None, [])
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    account.refusal = "No such PaymentMethod"
    settle(after=timedelta(hours=1))
    assert (get_payment().status, len(declines())) == ("failed", 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_charge_without_a_response_is_looked_up_and_made_once(
    moment: str, rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    setattr(account, moment, die)
    consider()
    settle()
    assert (get_payment().status, available(wallet)) == ("unknown", 0)
    setattr(account, moment, lambda path: None)
    settle(after=timedelta(hours=1))
    assert (get_payment().status, available(wallet)) == ("succeeded", 100)
    assert len(account.intents) == 1


@pytest.mark.parametrize("reached", [False, True])
def test_a_charge_whose_sender_crashed_is_looked_up_and_made_once(
    reached: bool, rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    consider()
    claimed = settlement.claim(now=NOW)
    assert claimed is not None
    if reached:
        settlement._call_provider(claimed, provider(), NOW)
    with platform_context():
        Payment.objects.update(lease_until=NOW - timedelta(minutes=5))
    settle(after=timedelta(minutes=10))
    assert (get_payment().status, available(wallet)) == ("succeeded", 100)
    assert len(account.intents) == 1


def test_a_charge_that_never_arrived_is_dropped_when_it_is_no_longer_needed(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: StripeAccount
) -> None:
    consider()
    settlement.claim(now=NOW)
    with platform_context():
        Payment.objects.update(lease_until=NOW - timedelta(minutes=5))
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(500), key="by hand")
    settle(after=timedelta(minutes=10))
    assert (get_payment().status, account.intents, available(wallet)) == ("failed", {}, 500)


def test_a_late_success_of_a_failed_charge_is_credited(rule: AutoTopup, wallet: Wallet, account: StripeAccount) -> None:
    consider()
    claimed = settlement.claim(now=NOW)
    assert claimed is not None
    settlement._call_provider(claimed, provider(), NOW)
    with platform_context():
        Payment.objects.update(status="failed")
    (intent,) = account.intents.values()
    assert deliver_event(account, "payment_intent.succeeded", intent) == "processed"
    assert (get_payment().status, available(wallet)) == ("succeeded", 100)


def test_a_webhook_that_arrives_before_the_response_credits_once(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    consider()
    claimed = settlement.claim(now=NOW)
    assert claimed is not None
    facts = settlement._call_provider(claimed, provider(), NOW)
    (intent,) = account.intents.values()
    deliver_event(account, "payment_intent.succeeded", intent)
    settlement._write_back(claimed, facts, NOW)
    assert [row.amount for row in ledger_rows(wallet)] == [100]


def test_a_checkout_with_a_lost_webhook_is_looked_up(
    api: Any, owner: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    session = start_checkout(api(owner), package).json()["checkout_session_id"]
    account.pay(session)
    assert settlement.settle_due(cards=provider(), now=timezone.now() + timedelta(minutes=11)) == 1
    assert (get_payment().status, available(wallet)) == ("succeeded", 100)


def test_an_unopened_checkout_expires(
    api: Any, owner: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    account.before = die
    start_checkout(api(owner), package)
    assert get_payment().status == "created"
    settlement.settle_due(cards=provider(), now=timezone.now() + timedelta(hours=24))
    assert get_payment().status == "expired"


def test_a_card_is_saved_with_consent_and_then_the_rule_can_be_enabled(
    api: Any, owner: Any, admin: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    made = api(admin).post(RULES, {"wallet": str(wallet.pk), "threshold": "20", "amount": "100"}, format="json")
    assert made.status_code == 201, made.content
    where = made["Location"]
    early = api(admin).patch(where, {"is_enabled": True}, format="json")
    assert problem(early) == (400, "invalid")
    session = start_checkout(api(owner), package, keep_card=True).json()["checkout_session_id"]
    intent = account.intents[pay_checkout(account, session)["payment_intent"]]
    assert deliver_event(account, "payment_intent.succeeded", intent) == "processed"
    switched_on = api(admin).patch(where, {"is_enabled": True}, format="json")
    assert switched_on.status_code == 200
    assert switched_on.json()["has_card"] is True
    assert intent["customer"] not in switched_on.content.decode()


def test_a_card_is_not_saved_without_consent(
    api: Any, owner: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    session = start_checkout(api(owner), package).json()["checkout_session_id"]
    intent = account.intents[pay_checkout(account, session)["payment_intent"]]
    assert deliver_event(account, "payment_intent.succeeded", {**intent, "customer": "cus_somebody"}) == "ignored"
    with platform_context():
        assert not AutoTopup.objects.exists()
