"""Metered use in tests: a component with a price, money to pay it with, and events to record."""

from datetime import timedelta
from decimal import Decimal
from threading import Thread

from billing.ledger.models import Hold, Wallet
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import usage

CALL = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute"}
ITEMS = [{**CALL, "quantity": "10"}]
COST = Decimal("0.13")


def record(key="call-1", **values):
    return usage.record(**{"feature_key": "voice-agent", "items": ITEMS, "key": key, **values})


def fund(amount="1", user=None):
    wallet = wallets.open_wallet(user=user)
    ledger.topup(wallet=wallet, amount=Decimal(amount), key=f"fund-{wallet.pk}")
    return wallet


def available():
    return sum(wallet.available_balance for wallet in Wallet.objects.all())


def as_now(event):
    return UsageEvent.objects.get(pk=event.pk)


def debit_of(event):
    assert event.ledger_transaction is not None
    return event.ledger_transaction


def hold(wallet, amount):
    posted = ledger.reserve(wallet=wallet, amount=Decimal(amount), key=f"hold-{amount}", ttl=timedelta(minutes=5))
    return Hold.objects.get(pk=posted.hold_id)


def run(call, times):
    threads = [Thread(target=call, daemon=True) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
