"""Settlement workers claim one payment each for a lease, and late results do not overwrite newer claims."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from billing.ledger.models import Wallet
from billing.payments.models import AutoTopup, Payment
from billing.payments.providers.configured import provider
from billing.payments.services import auto_topup, payments, settlement
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import available, get_payment
from tests.billing.payments.stripe_server import DECLINED, StripeAccount
from tests.contract.sql import execute
from tests.factories.billing import AutoTopupFactory, WalletFactory
from tests.support.concurrency import run_together

LATER = timedelta(minutes=10)


def consider() -> int:
    with platform_context():
        return auto_topup.start_due_topups(now=timezone.now())


def claim() -> Payment | None:
    return settlement.claim(now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_payment_claimed_by_another_worker_is_skipped(
    rule: AutoTopup, other_tenant: Tenant, account: StripeAccount
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

    [_, [free, none]] = run_together(hold_on, take)
    assert (free and free.tenant_id, none) == (other_tenant.pk, None)


def test_a_late_worker_does_not_overwrite_the_next_claim(rule: AutoTopup, account: StripeAccount) -> None:
    consider()
    late = claim()
    with platform_context():
        Payment.objects.update(lease_until=None, next_attempt_at=timezone.now())
    assert late and claim()
    account.busy = 9
    settlement.settle(payment=late, cards=provider(), now=timezone.now())
    assert (get_payment().lease_until is not None, get_payment().next_attempt_at) == (True, None)


def test_a_leased_payment_is_not_claimed_until_the_lease_expires(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount
) -> None:
    consider()
    assert claim()
    assert settlement.settle_due(cards=provider(), now=timezone.now() + LATER) == 0
    assert (get_payment().status, account.intents) == ("created", {})


def test_a_payment_whose_worker_died_is_settled_after_the_lease(
    rule: AutoTopup, wallet: Wallet, account: StripeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    consider()
    monkeypatch.setattr(settlement, "LEASE", timedelta(0))
    assert claim()
    settlement.settle_due(cards=provider(), now=timezone.now() + LATER)
    assert (get_payment().status, available(wallet), len(account.intents)) == ("succeeded", 100, 1)


def test_a_decline_reported_twice_pauses_the_rule_once(rule: AutoTopup, tenant: Tenant) -> None:
    consider()
    for minutes in (0, 5):
        with tenant_context(tenant.pk):
            moment = timezone.now() + timedelta(minutes=minutes)
            auto_topup.decline(payment=get_payment(), reason=DECLINED, now=moment)
    with platform_context():
        assert DomainEvent.objects.filter(event_type="billing.auto_topup.declined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_lock_on_a_rule_keeps_its_limit_exact(rule: AutoTopup, monkeypatch: pytest.MonkeyPatch) -> None:
    weigh = auto_topup._limit_reached
    others: list[object] = []

    def begin_and_end() -> None:
        with tenant_context(rule.tenant_id):
            execute("SET LOCAL lock_timeout = '200ms'")
            started = auto_topup.start_topup(rule_id=rule.pk, now=timezone.now())
            assert started is not None
            payments.fail(payment=started, reason="Over already")

    def slowly(*arguments: Any) -> bool:
        monkeypatch.setattr(auto_topup, "_limit_reached", weigh)
        limited = weigh(*arguments)
        others.extend(run_together(begin_and_end))
        return limited

    monkeypatch.setattr(auto_topup, "_limit_reached", slowly)
    assert consider() == 1
    assert [type(each) for each in others] == [OperationalError]
    assert get_payment().status == "created"
