"""Helpers for the tests of charged messages: prices, credit, and messages in the states that a sender gives them."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from billing.ledger.models import Hold, HoldStatus, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from campaigns.charging import services as charging
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import current_tenant_id, platform_context
from tests.factories.billing import PriceFactory
from tests.factories.campaigns import MessageFactory

# Credits are held until some time after the real now, at which the sender settles.
NOW = timezone.now()
EMAIL = {"category": "messaging", "provider": "lad", "model": "email", "unit": "message"}
PRICE = Decimal("0.002")


def list_price(unit_price=PRICE, **values):
    with platform_context():
        return PriceFactory.create(
            **{**EMAIL, "unit_price": unit_price, "effective_from": NOW - timedelta(days=30), **values}
        )


def fund(amount):
    wallet = wallets.open_wallet()
    ledger.topup(wallet=wallet, amount=Decimal(amount), key=f"fund-{amount}")
    return wallet


def queue(campaign, step, many=1):
    with platform_context(tenant_id=current_tenant_id()):
        return MessageFactory.create_batch(many, campaign=campaign, step=step, state=MessageState.QUEUED)


def hold(messages, now=NOW):
    return charging.hold_for(messages, now=now)


def settle(message, state):
    """Give the message its last state, as the sender does."""
    Message.objects.filter(pk=message.pk).update(state=state)
    hooks.settled(list(Message.objects.filter(pk=message.pk)))


def held():
    return Hold.objects.filter(status=HoldStatus.HELD)


def books():
    """Return what is available, reserved and debited, and how many uses there are in each status."""
    wallet = Wallet.objects.get(user=None)
    debits = LedgerTransaction.objects.filter(transaction_type=TransactionType.DEBIT)
    statuses: dict[str, int] = {}
    for status in UsageEvent.objects.order_by("pk").values_list("status", flat=True):
        statuses[status] = statuses.get(status, 0) + 1
    return wallet.available_balance, wallet.reserved_balance, -sum(row.amount for row in debits), statuses
