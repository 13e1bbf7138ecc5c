"""A declined automatic top-up is mailed once per streak of declines, to the invoice address."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from billing.ledger.models import Wallet
from billing.ledger.services import ledger
from billing.payments.models import AutoTopup
from billing.payments.providers.configured import provider
from billing.payments.services import auto_topup, settlement
from lad.mail import sender
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import available
from tests.billing.payments.stripe_server import CARD, DECLINED, DECLINED_CARD, StripeAccount
from tests.factories.billing import AutoTopupFactory, BillingProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rule(tenant: Tenant, wallet: Wallet, account: StripeAccount) -> AutoTopup:
    """A rule for the empty wallet, with a threshold of 20.00, whose card is declined."""
    with platform_context(tenant_id=tenant.pk):
        # Only the tests start payments.
        Wallet.objects.filter(pk=wallet.pk).update(low_balance_threshold=None)
        return AutoTopupFactory.create(wallet=wallet, is_enabled=True, payment_method_id=DECLINED_CARD, most_per_day=9)


def charge(rule: AutoTopup, card: str, *, hours_ago: int = 1) -> None:
    """Charge this card and drain the events."""
    moment = timezone.now() - timedelta(hours=hours_ago)
    with platform_context():
        AutoTopup.objects.filter(pk=rule.pk).update(payment_method_id=card, paused_until=None)
        assert auto_topup.start_due_topups(now=moment) == 1
    assert settlement.settle_due(cards=provider(), now=moment) == 1
    drain()


def mails() -> list[tuple[str, str]]:
    with platform_context():
        found = MailDelivery.objects.filter(kind="topup-declined").order_by("created_at")
        return list(found.values_list("to_address", "state"))


def test_a_streak_of_declines_is_mailed_once_and_the_next_streak_again(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, owner: User, admin: User
) -> None:
    charge(rule, DECLINED_CARD, hours_ago=9)
    charge(rule, DECLINED_CARD, hours_ago=7)
    assert mails() == [(owner.email, "queued")]
    sender.send_due()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([owner.email], "An automatic top-up on LAD was declined")
    assert DECLINED in sent.body
    assert "0 USD is left" in sent.body
    charge(rule, CARD, hours_ago=5)
    assert available(wallet) == 100
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(100), key="work")
    charge(rule, DECLINED_CARD, hours_ago=3)
    charge(rule, DECLINED_CARD, hours_ago=1)
    assert mails() == [(owner.email, "sent"), (owner.email, "queued")]


def test_the_mail_goes_to_the_invoice_address_in_its_language(rule: AutoTopup, tenant: Tenant, owner: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        BillingProfileFactory.create(tenant=tenant, invoice_email="books@acme.test", language="de")
    charge(rule, DECLINED_CARD)
    assert mails() == [("books@acme.test", "queued")]
    sender.send_due()
    (sent,) = mail.outbox
    assert sent.subject == "Eine automatische Aufladung bei LAD wurde abgelehnt"
    assert "Bei LAD sind noch 0 USD übrig." in sent.body


def test_the_mail_is_not_sent_when_the_wallet_was_topped_up_meanwhile(
    rule: AutoTopup, wallet: Wallet, tenant: Tenant, owner: User
) -> None:
    charge(rule, DECLINED_CARD)
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(500), key="by hand")
    sender.send_due()
    assert mail.outbox == []
    assert mails() == [(owner.email, "cancelled")]
