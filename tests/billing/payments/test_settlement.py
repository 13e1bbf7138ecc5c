"""Those who send automatic payments: each has its payment to itself for a while, and what a late one says is old."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from billing.ledger.models import Wallet
from billing.payments.models import AutoTopup, Payment
from billing.payments.providers.stripe import provider
from billing.payments.services import auto_topup, payments
from billing.payments.services import settlement as charges
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import CARD, DECLINED, Stripe
from tests.billing.payments.till import available, payment
from tests.contract.sql import execute
from tests.factories.billing import AutoTopupFactory, WalletFactory
from tests.tenants.helpers import together

LATER = timedelta(minutes=10)


@pytest.fixture
def rule(tenant: Tenant, wallet: Wallet, account: Stripe) -> AutoTopup:
    """Below 20.00 the tenant's wallet, which is empty, gets 100.00 from a good card."""
    with platform_context(tenant_id=tenant.pk):
        return AutoTopupFactory.create(wallet=wallet, is_enabled=True, payment_method_id=CARD)


def consider() -> int:
    with platform_context():
        return auto_topup.consider(now=timezone.now())


def claim() -> Payment | None:
    return charges.claim(now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_another_sender_has_is_passed_over(
    rule: AutoTopup, other_tenant: Tenant, account: Stripe
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        AutoTopupFactory.create(wallet=WalletFactory.create(user=None), is_enabled=True)
    assert consider() == 2
    locked, done = threading.Event(), threading.Event()

    def hold_on() -> None:
        with platform_context():
            Payment.objects.select_for_update().get(tenant=rule.tenant_id)
            locked.set()
            done.wait(10)

    def take() -> list[Payment | None]:
        assert locked.wait(10)
        claimed = [claim(), claim()]
        done.set()
        return claimed

    [_, [free, none]] = together(hold_on, take)
    assert (free and free.tenant_id, none) == (other_tenant.pk, None)


def test_a_sender_that_comes_back_late_leaves_the_next_ones_claim_alone(rule: AutoTopup, account: Stripe) -> None:
    consider()
    late = claim()
    with platform_context():
        Payment.objects.update(lease_until=None, next_attempt_at=timezone.now())
    assert late and claim()
    account.busy = 9
    charges.settle(payment=late, cards=provider(), now=timezone.now())
    assert (payment().lease_until is not None, payment().next_attempt_at) == (True, None)


def test_a_payment_that_somebody_sends_is_left_alone_until_the_lease_runs_out(
    rule: AutoTopup, wallet: Wallet, account: Stripe
) -> None:
    consider()
    assert claim()
    assert charges.settle_due(cards=provider(), now=timezone.now() + LATER) == 0
    assert (payment().status, account.intents) == ("created", {})


def test_a_payment_whose_sender_died_is_settled_when_the_lease_has_run_out(
    rule: AutoTopup, wallet: Wallet, account: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    consider()
    monkeypatch.setattr(charges, "LEASE", timedelta(0))
    assert claim()
    charges.settle_due(cards=provider(), now=timezone.now() + LATER)
    assert (payment().status, available(wallet), len(account.intents)) == ("succeeded", 100, 1)


def test_a_decline_that_is_told_twice_pauses_the_rule_once(rule: AutoTopup, tenant: Tenant) -> None:
    consider()
    for minutes in (0, 5):
        with tenant_context(tenant.pk):
            moment = timezone.now() + timedelta(minutes=minutes)
            auto_topup.decline(payment=payment(), reason=DECLINED, now=moment)
    with platform_context():
        assert DomainEvent.objects.filter(event_type="billing.auto_topup.declined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_a_rule_is_weighed_nobody_else_begins_a_payment_that_would_count(
    rule: AutoTopup, monkeypatch: pytest.MonkeyPatch
) -> None:
    weigh = auto_topup._limited
    others: list[object] = []

    def begin_and_end() -> None:
        with tenant_context(rule.tenant_id):
            execute("SET LOCAL lock_timeout = '200ms'")
            begun = auto_topup.begin(rule_id=rule.pk, now=timezone.now())
            assert begun is not None
            payments.fail(payment=begun, reason="Over already")

    def slowly(*arguments: Any) -> bool:
        monkeypatch.setattr(auto_topup, "_limited", weigh)
        limited = weigh(*arguments)
        others.extend(together(begin_and_end))
        return limited

    monkeypatch.setattr(auto_topup, "_limited", slowly)
    assert consider() == 1
    assert [type(each) for each in others] == [OperationalError]
    assert payment().status == "created"
