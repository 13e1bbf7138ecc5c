"""Automatic top-ups: begun when a wallet runs low, charged once, and never more often than the rule allows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import AutoTopup, CreditPackage, Payment
from billing.payments.providers.stripe import provider
from billing.payments.services import auto_topup
from billing.payments.services import settlement as charges
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import CARD, DECLINED, DECLINED_CARD, SECRET_KEY, Hangup, Stripe
from tests.billing.payments.till import available, checkout, paid, payment, rows, told
from tests.factories.billing import AutoTopupFactory, WalletFactory
from tests.support.api import problem
from tests.tenants.helpers import together

NOW = timezone.now()


@pytest.fixture(autouse=True)
def the_moment_is_now() -> None:
    """Leases are kept by the database's clock, which goes on while other tests run."""
    global NOW
    NOW = timezone.now()


RULES = "/api/v1/billing-auto-topups/"


@pytest.fixture
def rule(tenant: Tenant, wallet: Wallet, account: Stripe) -> AutoTopup:
    """Below 20.00 the tenant's wallet, which is empty, gets 100.00 from a good card."""
    with platform_context(tenant_id=tenant.pk):
        return AutoTopupFactory.create(wallet=wallet, is_enabled=True, payment_method_id=CARD)


def consider(*, after: timedelta = timedelta(0)) -> int:
    with platform_context():
        return auto_topup.consider(now=NOW + after)


def settle(*, after: timedelta = timedelta(0)) -> int:
    return charges.settle_due(cards=provider(), now=NOW + after)


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
    """What the account does when the line goes dead."""
    raise Hangup


def declines() -> list[dict[str, Any]]:
    with platform_context():
        return [each.payload for each in DomainEvent.objects.filter(event_type="billing.auto_topup.declined")]


def test_a_wallet_below_the_threshold_is_topped_up_from_the_card(
    rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    assert consider() == 1
    assert (payment().status, account.intents) == ("created", {})
    assert settle() == 1
    (intent,) = account.intents.values()
    # (100.00 + 5.00 + 1.00) / 0.971 = 109.1658…
    assert (intent["amount"], intent["customer"], intent["payment_method"]) == (10917, rule.customer_id, CARD)
    assert (payment().status, available(wallet)) == ("succeeded", 100)
    assert [row.idempotency_key for row in rows(wallet)] == [f"stripe_{intent['id']}"]
    assert consider(after=timedelta(hours=1)) == 0


def test_a_package_is_bought_at_its_price(rule: AutoTopup, wallet: Wallet, package: CreditPackage) -> None:
    change(rule, package=package, amount=None)
    consider()
    settle()
    assert (payment().total, payment().amount) == (Decimal("108.08"), Decimal(100))


def test_the_news_of_a_low_wallet_begins_it_in_the_drain(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: Stripe
) -> None:
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(50), key="before")
        wallets.set_threshold(wallet=Wallet.objects.get(pk=wallet.pk), threshold=Decimal(20))
    drain()
    with platform_context():
        assert not Payment.objects.exists()
    spend(tenant, wallet, "40", "work")
    drain()
    assert (payment().kind, payment().status) == ("automatic", "created")
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
def test_nothing_begins_when_the_rule_does_not_ask_for_it(spoil: Callable[[AutoTopup], Any], rule: AutoTopup) -> None:
    with platform_context():
        spoil(rule)
    assert consider() == 0


def test_the_wallets_of_each_tenant_are_topped_up_from_their_own_cards(
    rule: AutoTopup, other_tenant: Tenant, account: Stripe
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        other = AutoTopupFactory.create(wallet=WalletFactory.create(user=None), is_enabled=True)
    assert consider() == 2
    settle()
    assert {each["customer"] for each in account.intents.values()} == {rule.customer_id, other.customer_id}


def test_a_second_one_waits_until_the_first_has_ended(rule: AutoTopup, wallet: Wallet, account: Stripe) -> None:
    change(rule, minutes_between=1)
    account.processing = True
    consider()
    settle()
    assert payment().status == "pending"
    assert consider(after=timedelta(hours=1)) == 0
    (intent,) = account.intents.values()
    assert told(account, "payment_intent.succeeded", {**intent, "status": "succeeded"}) == "processed"
    assert available(wallet) == 100


@pytest.mark.django_db(transaction=True)
def test_of_many_that_begin_at_once_one_does(rule: AutoTopup) -> None:
    def begin() -> bool:
        with tenant_context(rule.tenant_id):
            return auto_topup.begin(rule_id=rule.pk, now=NOW) is not None

    assert together(*[begin] * 8).count(True) == 1


def test_the_database_lets_no_second_one_begin_for_a_wallet(rule: AutoTopup, tenant: Tenant) -> None:
    consider()
    change(rule, minutes_between=1)
    with platform_context():
        first = payment()
        second = Payment(
            **{f.attname: getattr(first, f.attname) for f in Payment._meta.concrete_fields if f.name != "id"}
        )
        second.idempotency_key = "automatic:another"
        Payment.objects.bulk_create([second], ignore_conflicts=True)
        assert Payment.objects.count() == 1


def test_no_more_are_begun_in_a_day_than_the_rule_allows(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: Stripe
) -> None:
    begun = []
    for number in range(6):
        begun.append(consider(after=timedelta(hours=number)))
        settle(after=timedelta(hours=number))
        if available(wallet):
            spend(tenant, wallet, "100", f"work-{number}")
    assert begun == [1, 1, 1, 0, 0, 0]
    assert consider(after=timedelta(hours=24, seconds=1)) == 1


def test_the_next_one_keeps_its_distance(rule: AutoTopup, wallet: Wallet, tenant: Tenant) -> None:
    consider()
    settle()
    spend(tenant, wallet, "100", "work")
    assert consider(after=timedelta(minutes=9)) == 0
    assert consider(after=timedelta(minutes=11)) == 1


def test_a_declined_card_is_left_alone_for_an_hour_and_people_are_told(
    rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    change(rule, payment_method_id=DECLINED_CARD)
    consider()
    settle()
    assert (payment().status, payment().error, available(wallet)) == ("failed", DECLINED, 0)
    assert reread(rule).paused_until == NOW + timedelta(hours=1)
    assert [each["reason"] for each in declines()] == [DECLINED]
    assert rule.payment_method_id not in str(declines())
    assert consider(after=timedelta(minutes=59)) == 0
    assert consider(after=timedelta(minutes=61)) == 1


def test_a_decline_that_stripe_tells_later_counts_the_same(rule: AutoTopup, wallet: Wallet, account: Stripe) -> None:
    account.processing = True
    consider()
    settle()
    (intent,) = account.intents.values()
    failed = {**intent, "status": "requires_payment_method", "last_payment_error": {"message": DECLINED}}
    assert told(account, "payment_intent.payment_failed", failed) == "processed"
    assert (payment().status, len(declines())) == ("failed", 1)
    assert told(account, "payment_intent.payment_failed", failed) == "ignored"
    assert len(declines()) == 1


def test_a_busy_provider_is_asked_again_under_the_same_key(rule: AutoTopup, wallet: Wallet, account: Stripe) -> None:
    account.busy = 1
    consider()
    settle()
    assert payment().status == "created"
    settle(after=timedelta(hours=1))
    assert available(wallet) == 100
    assert {key for _path, key in account.requests} == {str(payment().pk)}


def test_what_stripe_refuses_pauses_the_rule_and_a_wrong_key_does_not(
    rule: AutoTopup, wallet: Wallet, account: Stripe, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_revoked"
    consider()
    settle()
    assert (payment().status, reread(rule).paused_until, declines()) == ("created", None, [])
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    account.refusal = "No such PaymentMethod"
    settle(after=timedelta(hours=1))
    assert (payment().status, len(declines())) == ("failed", 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_charge_without_an_answer_is_asked_after_and_made_once(
    moment: str, rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    setattr(account, moment, die)
    consider()
    settle()
    assert (payment().status, available(wallet)) == ("unknown", 0)
    setattr(account, moment, lambda path: None)
    settle(after=timedelta(hours=1))
    assert (payment().status, available(wallet)) == ("succeeded", 100)
    assert len(account.intents) == 1


@pytest.mark.parametrize("reached", [False, True])
def test_a_sender_that_vanished_is_asked_after_and_charges_once(
    reached: bool, rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    consider()
    claimed = charges.claim(now=NOW)
    assert claimed is not None
    if reached:
        charges._ask(claimed, provider(), NOW)
    with platform_context():
        Payment.objects.update(lease_until=NOW - timedelta(minutes=5))
    settle(after=timedelta(minutes=10))
    assert (payment().status, available(wallet)) == ("succeeded", 100)
    assert len(account.intents) == 1


def test_a_charge_that_never_arrived_is_not_made_when_nobody_wants_it_any_more(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, account: Stripe
) -> None:
    consider()
    charges.claim(now=NOW)
    with platform_context():
        Payment.objects.update(lease_until=NOW - timedelta(minutes=5))
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(500), key="by hand")
    settle(after=timedelta(minutes=10))
    assert (payment().status, account.intents, available(wallet)) == ("failed", {}, 500)


def test_a_charge_that_succeeded_is_credited_though_it_was_given_up(
    rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    consider()
    claimed = charges.claim(now=NOW)
    assert claimed is not None
    charges._ask(claimed, provider(), NOW)
    with platform_context():
        Payment.objects.update(status="failed")
    (intent,) = account.intents.values()
    assert told(account, "payment_intent.succeeded", intent) == "processed"
    assert (payment().status, available(wallet)) == ("succeeded", 100)


def test_a_webhook_that_overtakes_the_answer_credits_the_charge_once(
    rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    consider()
    claimed = charges.claim(now=NOW)
    assert claimed is not None
    facts = charges._ask(claimed, provider(), NOW)
    (intent,) = account.intents.values()
    told(account, "payment_intent.succeeded", intent)
    charges._write_back(claimed, facts, NOW)
    assert [row.amount for row in rows(wallet)] == [100]


def test_a_lost_webhook_of_a_checkout_is_made_up_for_by_asking(
    api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    session = checkout(api(owner), package).json()["checkout_session_id"]
    account.pay(session)
    assert charges.settle_due(cards=provider(), now=timezone.now() + timedelta(minutes=11)) == 1
    assert (payment().status, available(wallet)) == ("succeeded", 100)


def test_a_checkout_nobody_opened_expires_by_itself(
    api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    account.before = die
    checkout(api(owner), package)
    assert payment().status == "created"
    charges.settle_due(cards=provider(), now=timezone.now() + timedelta(hours=24))
    assert payment().status == "expired"


def test_a_card_is_kept_when_the_payer_agreed_and_then_the_rule_can_be_switched_on(
    api: Any, owner: Any, admin: Any, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    made = api(admin).post(RULES, {"wallet": str(wallet.pk), "threshold": "20", "amount": "100"}, format="json")
    assert made.status_code == 201, made.content
    where = made["Location"]
    early = api(admin).patch(where, {"is_enabled": True}, format="json")
    assert problem(early) == (400, "invalid")
    session = checkout(api(owner), package, keep_card=True).json()["checkout_session_id"]
    intent = account.intents[paid(account, session)["payment_intent"]]
    assert told(account, "payment_intent.succeeded", intent) == "processed"
    switched_on = api(admin).patch(where, {"is_enabled": True}, format="json")
    assert switched_on.status_code == 200
    assert switched_on.json()["has_card"] is True
    assert intent["customer"] not in switched_on.content.decode()


def test_a_card_is_not_kept_unasked(
    api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    session = checkout(api(owner), package).json()["checkout_session_id"]
    intent = account.intents[paid(account, session)["payment_intent"]]
    assert told(account, "payment_intent.succeeded", {**intent, "customer": "cus_somebody"}) == "ignored"
    with platform_context():
        assert not AutoTopup.objects.exists()
