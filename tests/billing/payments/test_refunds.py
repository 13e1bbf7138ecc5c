"""Refunds reclaim credits from the wallet, and disputes suspend it."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from billing.audit.services import audit_ledger
from billing.invoicing.models import Invoice
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger
from billing.payments.models import CreditPackage
from billing.payments.providers.cards import RefundFacts
from billing.payments.services import payments
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import (
    available,
    deliver_event,
    deliver_webhook,
    get_payment,
    ledger_rows,
    pay_checkout,
    start_checkout,
)
from tests.billing.payments.stripe_server import StripeAccount
from tests.support.concurrency import run_together, wait_until_blocked


def events(kind: str) -> list[dict[str, Any]]:
    with platform_context():
        return [each.payload for each in DomainEvent.objects.filter(event_type=kind).order_by("created_at")]


def _refund(account: StripeAccount, session: str, cents: int) -> str:
    charge = account.charge_of(account.sessions[session]["payment_intent"], refunded=cents)
    return deliver_event(account, "charge.refunded", charge)


def test_a_refund_reverses_the_top_up(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    assert _refund(account, session, 10808) == "processed"
    topup, reversal = ledger_rows(wallet)
    assert (reversal.amount, reversal.reverses_id) == (-100, topup.pk)
    row = get_payment()
    assert (row.status, row.refunded_total, row.reclaimed_amount, row.attention) == (
        "refunded",
        Decimal("108.08"),
        Decimal(100),
        "",
    )
    assert _refund(account, session, 10808) == "ignored"
    assert available(wallet) == 0


def test_a_partial_refund_reclaims_its_share(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    _refund(account, session, 2702)
    assert (available(wallet), get_payment().status) == (75, "succeeded")
    _refund(account, session, 10808)
    assert (available(wallet), get_payment().status) == (0, "refunded")
    drain()
    with platform_context():
        notes = Invoice.objects.filter(corrects__payment=get_payment().pk).order_by("created_at")
        assert [note.total for note in notes] == [Decimal("27.02"), Decimal("81.06")]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_refunds_reclaim_their_own_shares(
    session: str, wallet: Wallet, account: StripeAccount, tenant: Tenant
) -> None:
    pay_checkout(account, session)
    started = threading.Event()

    def refund(total: str) -> None:
        row = get_payment()
        with tenant_context(tenant.pk):
            payments.refund(payment=row, facts=RefundFacts(row.payment_intent_id, Decimal(total), "USD", row.pk))
            started.set()
            if total == "27.02":
                wait_until_blocked()

    def second() -> None:
        assert started.wait(10)
        refund("108.08")

    assert run_together(lambda: refund("27.02"), second) == [None, None]
    row = get_payment()
    assert (available(wallet), row.status, row.reclaimed_amount, row.attention) == (0, "refunded", 100, "")


def test_a_late_event_of_a_smaller_refund_changes_nothing(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    _refund(account, session, 10808)
    assert _refund(account, session, 2702) == "ignored"
    assert (get_payment().refunded_total, available(wallet)) == (Decimal("108.08"), 0)
    assert len(events("billing.payment.refunded")) == 1


def test_a_full_refund_of_partly_spent_credits_takes_back_what_is_left(
    session: str, wallet: Wallet, account: StripeAccount, tenant: Tenant
) -> None:
    pay_checkout(account, session)
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(60), key="work")
    assert _refund(account, session, 10808) == "processed"
    assert (available(wallet), get_payment().status, get_payment().reclaimed_amount) == (0, "refunded", 40)
    assert "60 of the credits could not be reclaimed" in get_payment().attention
    assert len(events("billing.payment.attention_needed")) == 1
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(70), key="more")
        payments.reclaim(payment=get_payment())
    assert (available(wallet), get_payment().reclaimed_amount, get_payment().attention) == (10, 100, "")


def test_a_partial_refund_of_spent_credits_takes_back_what_is_left(
    session: str, wallet: Wallet, account: StripeAccount, tenant: Tenant
) -> None:
    pay_checkout(account, session)
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(90), key="work")
    _refund(account, session, 2702)
    assert (available(wallet), get_payment().reclaimed_amount) == (0, 10)
    assert "15 of the credits could not be reclaimed" in get_payment().attention
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(20), key="more")
    _refund(account, session, 10808)
    assert (available(wallet), get_payment().reclaimed_amount) == (0, 30)
    assert "70 of the credits could not be reclaimed" in get_payment().attention


@pytest.mark.django_db(transaction=True)
def test_a_suspended_wallet_gives_back_what_was_refunded(
    session: str, wallet: Wallet, account: StripeAccount, tenant: Tenant
) -> None:
    pay_checkout(account, session)
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(60), key="work")
    with platform_context():
        Wallet.objects.update(status=WalletStatus.SUSPENDED)
    _refund(account, session, 2702)
    assert (available(wallet), get_payment().reclaimed_amount, get_payment().attention) == (15, 25, "")
    _refund(account, session, 10808)
    assert (available(wallet), get_payment().reclaimed_amount, _status(wallet)) == (0, 40, "suspended")
    assert audit_ledger().results.findings == []


def test_a_refund_reported_before_its_payment_reclaims_the_credits_later(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    account.pay(session)
    _refund(account, session, 10808)
    assert get_payment().attention
    deliver_event(account, "checkout.session.completed", account.sessions[session])
    assert (available(wallet), get_payment().status, get_payment().attention) == (0, "refunded", "")


def test_a_refund_of_more_than_was_paid_is_refused(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    assert _refund(account, session, 10809) == "refused"
    assert available(wallet) == 100


def test_a_dispute_suspends_the_wallet_and_is_announced(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    intent = account.sessions[session]["payment_intent"]
    assert deliver_event(account, "charge.dispute.created", account.dispute_of(intent)) == "processed"
    with platform_context():
        assert Wallet.objects.get(pk=wallet.pk).status == "suspended"
    assert [each["reason"] for each in events("billing.payment.disputed")] == ["fraudulent"]
    assert "disputed" in get_payment().attention


def test_a_repeated_dispute_does_not_suspend_a_reactivated_wallet(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    intent = pay_checkout(account, session)["payment_intent"]
    payload = account.event("charge.dispute.created", account.dispute_of(intent))
    deliver_webhook(payload)
    with platform_context():
        Wallet.objects.update(status=WalletStatus.ACTIVE)
    deliver_webhook(payload)
    with platform_context():
        assert Wallet.objects.get(pk=wallet.pk).status == "active"


def _end_dispute(account: StripeAccount, intent: str, status: str) -> str:
    return deliver_event(account, "charge.dispute.closed", {**account.dispute_of(intent), "status": status})


def _status(wallet: Wallet) -> str:
    with platform_context():
        return str(Wallet.objects.get(pk=wallet.pk).status)


@pytest.mark.parametrize("status", ["won", "warning_closed"])
def test_a_won_dispute_reactivates_the_wallet(
    session: str, wallet: Wallet, account: StripeAccount, status: str
) -> None:
    intent = pay_checkout(account, session)["payment_intent"]
    deliver_event(account, "charge.dispute.created", account.dispute_of(intent))
    assert _status(wallet) == "suspended"
    assert _end_dispute(account, intent, status) == "processed"
    assert (_status(wallet), get_payment().attention, get_payment().suspended_wallet) == ("active", "", False)
    assert [each["reason"] for each in events("billing.payment.settled")] == ["The dispute was won."]


def test_a_lost_dispute_keeps_the_wallet_suspended_and_is_left_to_staff(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    intent = pay_checkout(account, session)["payment_intent"]
    deliver_event(account, "charge.dispute.created", account.dispute_of(intent))
    _end_dispute(account, intent, "lost")
    assert _status(wallet) == "suspended"
    assert "the dispute was lost" in get_payment().attention


def test_a_won_dispute_reactivates_no_wallet_that_staff_suspended(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    intent = pay_checkout(account, session)["payment_intent"]
    with platform_context():
        Wallet.objects.update(status=WalletStatus.SUSPENDED)
    deliver_event(account, "charge.dispute.created", account.dispute_of(intent))
    _end_dispute(account, intent, "won")
    assert (_status(wallet), get_payment().attention) == ("suspended", "")


def test_a_wallet_is_reactivated_when_the_last_of_its_disputes_is_won(
    session: str, wallet: Wallet, account: StripeAccount, api: Any, owner: Any, package: CreditPackage
) -> None:
    second = str(start_checkout(api(owner), package, key="purchase-2").json()["checkout_session_id"])
    intents = [pay_checkout(account, each)["payment_intent"] for each in (session, second)]
    for intent in intents:
        deliver_event(account, "charge.dispute.created", account.dispute_of(intent))
    _end_dispute(account, intents[0], "won")
    assert _status(wallet) == "suspended"
    _end_dispute(account, intents[1], "won")
    assert _status(wallet) == "active"


def test_a_dispute_of_an_unknown_payment_is_refused(session: str, wallet: Wallet, account: StripeAccount) -> None:
    account.pay(session)
    stranger = account.dispute_of(account.sessions[session]["payment_intent"])
    assert deliver_event(account, "charge.dispute.created", stranger) == "refused"
