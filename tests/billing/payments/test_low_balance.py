"""A low balance is announced once per crossing, in the feed and by mail to users who can top up."""

from decimal import Decimal

import pytest
from django.core import mail

from billing.ledger.models import Wallet
from billing.ledger.services import ledger, wallets
from lad.mail import sender
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tests.support.events import events

LOW = "billing.wallet.balance_low"


@pytest.fixture
def told_below_50(tenant, wallet):
    """The tenant's wallet with a balance of 100 and a threshold of 50."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(100), key="first")
        wallets.set_threshold(wallet=wallet, threshold=Decimal(50))
    return wallet


def move(wallet, amount):
    with platform_context(tenant_id=wallet.tenant_id):
        count = Wallet.objects.get(pk=wallet.pk).ledger_version
        return ledger.adjust(wallet=wallet, amount=Decimal(amount), key=f"move-{count}", reason="Test")


def recipients():
    with platform_context():
        return sorted(MailDelivery.objects.filter(kind="low-balance").values_list("to_address", flat=True))


@pytest.mark.django_db(transaction=True)
def test_owner_and_admin_get_one_mail_each_per_crossing(told_below_50, owner, admin, member):
    move(told_below_50, -50)
    drain()
    assert recipients() == []
    move(told_below_50, -1)
    move(told_below_50, -1)
    drain()
    assert recipients() == ["admin@acme.test", "owner@acme.test"]
    sender.send_due()
    first, second = sorted(mail.outbox, key=lambda each: each.to)
    assert (first.to, second.to) == (["admin@acme.test"], ["owner@acme.test"])
    assert first.subject == "48 USD left in a wallet on LAD"
    assert "less than the threshold of 50 USD" in first.body
    with platform_context():
        [entry] = ActivityEntry.objects.filter(event_type=LOW)
    assert "49" in entry.summary
    move(told_below_50, 100)
    move(told_below_50, -99)
    drain()
    assert len(recipients()) == 4


@pytest.mark.django_db(transaction=True)
def test_the_owner_of_a_personal_wallet_is_mailed_too(tenant, owner, member):
    with platform_context(tenant_id=tenant.pk):
        own = wallets.open_wallet(user=member)
        ledger.topup(wallet=own, amount=Decimal(5), key="own")
        wallets.set_threshold(wallet=own, threshold=Decimal(3))
    move(own, -4)
    drain()
    assert recipients() == ["member@acme.test", "owner@acme.test"]


@pytest.mark.django_db(transaction=True)
def test_an_outdated_low_balance_mail_is_not_sent(told_below_50, owner):
    move(told_below_50, -60)
    drain()
    move(told_below_50, 60)
    sender.send_due()
    assert mail.outbox == []
    with platform_context():
        assert MailDelivery.objects.get(kind="low-balance").state == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_users_who_left_are_not_mailed(told_below_50, owner, admin):
    with platform_context():
        User.objects.filter(pk=admin.pk).update(is_active=False)
    move(told_below_50, -60)
    drain()
    assert recipients() == ["owner@acme.test"]


def test_a_lowered_threshold_can_be_crossed_again(tenant, told_below_50):
    move(told_below_50, -60)
    with platform_context(tenant_id=tenant.pk):
        wallets.set_threshold(wallet=told_below_50, threshold=Decimal(20))
    move(told_below_50, -30)
    assert len(events(LOW)) == 2


def test_setting_the_same_threshold_again_sends_nothing(tenant, told_below_50):
    with platform_context(tenant_id=tenant.pk):
        wallets.set_threshold(wallet=told_below_50, threshold=Decimal("50.00"))
    assert len(events("billing.wallet.threshold_set")) == 1
