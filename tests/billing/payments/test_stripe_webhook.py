"""What Stripe tells, acted on once: paid, failed, expired, refunded and disputed; repeated, forged and out of order."""

import json
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections

from billing.invoicing.models import Invoice
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger
from billing.payments.models import CreditPackage
from billing.payments.providers.cards import Refund
from billing.payments.services import payments
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import WEBHOOK_SECRET, Hangup, Stripe, sign
from tests.billing.payments.till import (
    available,
    checkout,
    event_rows,
    paid,
    payment,
    rows,
    tell,
    told,
    until_another_waits,
)
from tests.support.api import problem
from tests.tenants.helpers import together


@pytest.fixture
def session(api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage) -> str:
    """A checkout for the tenant's wallet, still to be paid: 100.00 for 108.08."""
    return str(checkout(api(owner), package).json()["checkout_session_id"])


def events(kind: str) -> list[dict[str, Any]]:
    with platform_context():
        return [each.payload for each in DomainEvent.objects.filter(event_type=kind).order_by("created_at")]


def test_a_paid_checkout_brings_the_credits_once_and_a_receipt(
    session: str, wallet: Wallet, account: Stripe, owner: Any
) -> None:
    paid(account, session)
    (row,) = rows(wallet)
    assert (row.transaction_type, row.amount, row.idempotency_key) == ("topup", Decimal(100), f"stripe_{session}")
    assert (row.reference_type, row.reference_id, row.created_by_id) == ("stripe_payment", payment().pk, owner.pk)
    assert payment().status == "succeeded"
    assert payment().ledger_transaction_id == row.pk
    drain()
    with platform_context():
        receipt = Invoice.objects.get(payment=payment().pk)
    assert (receipt.status, receipt.total, receipt.tax) == ("paid", Decimal("108.08"), Decimal("4.95"))


def test_the_same_event_is_acted_on_once_and_counted(session: str, wallet: Wallet, account: Stripe) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    assert [tell(payload).json()["outcome"] for _ in range(3)] == ["processed"] * 3
    assert available(wallet) == 100
    (event,) = event_rows()
    assert (event.deliveries, event.payment_id, event.tenant_id) == (3, payment().pk, wallet.tenant_id)


def test_another_event_of_the_same_session_brings_nothing_more(session: str, wallet: Wallet, account: Stripe) -> None:
    paid_session = paid(account, session)
    told(account, "checkout.session.completed", paid_session)
    told(account, "checkout.session.async_payment_succeeded", paid_session)
    assert available(wallet) == 100
    assert len(events("billing.payment.succeeded")) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_event_twenty_times_at_once_brings_the_credits_once(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    _at_once([payload] * 20)
    assert [row.amount for row in rows(wallet)] == [100]
    assert [event.deliveries for event in event_rows()] == [20]


@pytest.mark.django_db(transaction=True)
def test_different_events_of_one_session_at_once_bring_the_credits_once(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    paid_session = account.pay(session)
    kinds = ["checkout.session.completed", "checkout.session.async_payment_succeeded"] * 4
    _at_once([account.event(kind, paid_session) for kind in kinds])
    assert [row.amount for row in rows(wallet)] == [100]


def _at_once(payloads: list[str]) -> None:
    answers: list[int] = []

    def send(payload: str) -> None:
        answers.append(tell(payload).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send, args=[payload]) for payload in payloads]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [200] * len(payloads)


@pytest.mark.parametrize("forgery", ["another secret", "no signature", "an old one", "another body", "nonsense"])
def test_what_stripe_did_not_sign_just_now_is_refused(
    forgery: str, session: str, wallet: Wallet, account: Stripe
) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    match forgery:
        case "another secret":
            answer = tell(payload, secret="whsec_of_somebody_else")
        case "no signature":
            answer = tell(payload, signature="")
        case "an old one":
            answer = tell(payload, age=301)
        case "another body":
            answer = tell(payload.replace("10808", "1"), signature=sign(payload, WEBHOOK_SECRET, at=2_000_000_000))
        case _:
            answer = tell(payload, signature="t=now,v1=yes")
    assert problem(answer) == (400, "stripe_signature_refused")
    assert (available(wallet), event_rows()) == (0, [])


def test_a_signature_of_a_moment_ago_is_good(session: str, wallet: Wallet, account: Stripe) -> None:
    assert tell(account.event("checkout.session.completed", account.pay(session)), age=240).status_code == 200
    assert available(wallet) == 100


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"amount_total": 108}, "amount"),
        ({"amount_total": None}, "amount"),
        ({"currency": "eur"}, "currency"),
        ({"id": "cs_test_other"}, "checkout session"),
    ],
)
def test_what_does_not_fit_the_payment_brings_nothing_and_waits_for_a_person(
    change: dict[str, Any], what: str, session: str, wallet: Wallet, account: Stripe
) -> None:
    account.pay(session)
    assert told(account, "checkout.session.completed", {**account.sessions[session], **change}) == "refused"
    assert available(wallet) == 0
    assert f"The {what} is" in payment().attention
    assert events("billing.payment.attention_needed")
    # The true event is still good.
    assert told(account, "checkout.session.completed", account.sessions[session]) == "processed"
    assert available(wallet) == 100


def test_a_session_of_another_tenant_brings_nothing(
    session: str, wallet: Wallet, account: Stripe, api: Any, other_owner: Any, package: CreditPackage
) -> None:
    foreign = checkout(api(other_owner), package).json()
    account.pay(session)
    mixed = {**account.sessions[session], "metadata": {**account.sessions[session]["metadata"]}}
    mixed["metadata"]["payment_id"] = foreign["id"]
    assert told(account, "checkout.session.completed", mixed) == "refused"
    mixed["metadata"]["tenant_id"] = str(other_owner.primary_tenant_id)
    assert told(account, "checkout.session.completed", mixed) == "refused"
    assert available(wallet) == 0
    assert payment(pk=foreign["id"]).status == "pending"


def test_a_session_of_another_tenant_brings_nothing_to_a_payment_without_a_session_either(
    session: str, account: Stripe, api: Any, other_owner: Any, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    account.after = die
    checkout(api(other_owner), package)
    foreign = payment(tenant=other_owner.primary_tenant_id)
    assert foreign.checkout_session_id == ""
    mixed = account.pay(session)
    mixed["metadata"] = {**mixed["metadata"], "payment_id": str(foreign.pk)}
    assert told(account, "checkout.session.completed", mixed) == "refused"
    assert payment(pk=foreign.pk).status == "created"


def test_a_payment_we_do_not_know_is_refused_and_what_is_not_ours_is_acknowledged(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    account.pay(session)
    stranger = {**account.sessions[session], "id": "cs_test_shop", "metadata": {}}
    assert told(account, "checkout.session.completed", stranger) == "ignored"
    lost = {**stranger, "metadata": {"payment_id": str(wallet.pk), "tenant_id": str(wallet.tenant_id)}}
    assert told(account, "checkout.session.completed", lost) == "refused"
    assert told(account, "customer.created", {"id": "cus_1", "object": "customer"}) == "ignored"
    assert available(wallet) == 0


def test_a_bank_that_takes_days_is_waited_for(session: str, wallet: Wallet, account: Stripe) -> None:
    told(account, "checkout.session.completed", account.pay(session, at_once=False))
    assert (available(wallet), payment().status) == (0, "pending")
    account.sessions[session]["payment_status"] = "paid"
    told(account, "checkout.session.async_payment_succeeded", account.sessions[session])
    assert (available(wallet), payment().status) == (100, "succeeded")


def test_a_bank_that_refuses_after_days_ends_the_payment(session: str, wallet: Wallet, account: Stripe) -> None:
    told(account, "checkout.session.completed", account.pay(session, at_once=False))
    told(account, "checkout.session.async_payment_failed", account.sessions[session])
    assert (available(wallet), payment().status) == (0, "failed")


def test_a_checkout_nobody_paid_expires(session: str, wallet: Wallet, account: Stripe) -> None:
    told(account, "checkout.session.expired", account.expire(session))
    assert (available(wallet), payment().status) == (0, "expired")


def test_money_that_arrives_after_all_is_credited(session: str, wallet: Wallet, account: Stripe) -> None:
    told(account, "checkout.session.completed", account.pay(session, at_once=False))
    told(account, "checkout.session.async_payment_failed", account.sessions[session])
    account.sessions[session]["payment_status"] = "paid"
    assert told(account, "checkout.session.async_payment_succeeded", account.sessions[session]) == "processed"
    assert (available(wallet), payment().status) == (100, "succeeded")


def test_late_news_of_a_paid_checkout_changes_nothing(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    open_session = {**account.sessions[session], "payment_status": "unpaid"}
    for kind in ("checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed"):
        assert told(account, kind, open_session) == "ignored"
    assert (available(wallet), payment().status) == (100, "succeeded")


def test_news_of_a_checkout_that_could_not_be_recorded_is_credited_all_the_same(
    api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    account.after = die
    assert problem(checkout(api(owner), package)) == (503, "stripe_no_answer")
    (session,) = account.sessions
    assert payment().checkout_session_id == ""
    paid(account, session)
    assert available(wallet) == 100
    assert payment().checkout_session_id == session


@pytest.mark.django_db(transaction=True)
def test_what_breaks_here_is_undone_recorded_and_good_the_next_time(
    session: str, wallet: Wallet, account: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))

    def broken(**_values: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patched:
        # After the money was posted, so that the posting must be undone.
        patched.setattr("lad.outbox.emission.emit", lambda *_args, **_values: broken())
        assert tell(payload).status_code >= 500
    assert (available(wallet), payment().status) == (0, "pending")
    (event,) = event_rows()
    assert (event.outcome, "disk is full" in event.detail) == ("failed", True)
    assert tell(payload).json()["outcome"] == "processed"
    assert available(wallet) == 100


def test_a_closed_wallet_takes_no_money_and_somebody_must_look(session: str, wallet: Wallet, account: Stripe) -> None:
    with platform_context():
        Wallet.objects.update(status=WalletStatus.CLOSED)
    assert told(account, "checkout.session.completed", account.pay(session)) == "refused"
    assert payment().attention
    assert rows(wallet) == []


def _refund(account: Stripe, session: str, cents: int) -> str:
    charge = account.charge_of(account.sessions[session]["payment_intent"], refunded=cents)
    return told(account, "charge.refunded", charge)


def test_a_refund_takes_the_credits_back_by_reversing_the_top_up(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    assert _refund(account, session, 10808) == "processed"
    topup, reversal = rows(wallet)
    assert (reversal.amount, reversal.reverses_id) == (-100, topup.pk)
    row = payment()
    assert (row.status, row.refunded_total, row.reclaimed_amount, row.attention) == (
        "refunded",
        Decimal("108.08"),
        Decimal(100),
        "",
    )
    assert _refund(account, session, 10808) == "ignored"
    assert available(wallet) == 0


def test_a_refund_of_a_part_takes_its_share_and_the_rest_later(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    _refund(account, session, 2702)
    assert (available(wallet), payment().status) == (75, "succeeded")
    _refund(account, session, 10808)
    assert (available(wallet), payment().status) == (0, "refunded")
    drain()
    with platform_context():
        notes = Invoice.objects.filter(corrects__payment=payment().pk).order_by("created_at")
        assert [note.total for note in notes] == [Decimal("27.02"), Decimal("81.06")]


@pytest.mark.django_db(transaction=True)
def test_of_two_refunds_told_at_once_each_takes_what_the_other_left(
    session: str, wallet: Wallet, account: Stripe, tenant: Tenant
) -> None:
    paid(account, session)
    begun = threading.Event()

    def refund(total: str) -> None:
        row = payment()
        with tenant_context(tenant.pk):
            payments.refund(payment=row, facts=Refund(row.payment_intent_id, Decimal(total), "USD", row.pk))
            begun.set()
            if total == "27.02":
                until_another_waits()

    def second() -> None:
        assert begun.wait(10)
        refund("108.08")

    assert together(lambda: refund("27.02"), second) == [None, None]
    row = payment()
    assert (available(wallet), row.status, row.reclaimed_amount, row.attention) == (0, "refunded", 100, "")


def test_news_of_a_smaller_refund_that_comes_late_changes_nothing(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    paid(account, session)
    _refund(account, session, 10808)
    assert _refund(account, session, 2702) == "ignored"
    assert (payment().refunded_total, available(wallet)) == (Decimal("108.08"), 0)
    assert len(events("billing.payment.refunded")) == 1


def test_credits_that_were_spent_before_the_refund_are_left_to_a_person(
    session: str, wallet: Wallet, account: Stripe, tenant: Tenant
) -> None:
    paid(account, session)
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(60), key="work")
    assert _refund(account, session, 10808) == "processed"
    assert (available(wallet), payment().status, payment().reclaimed_amount) == (40, "refunded", 0)
    assert "could not be taken back" in payment().attention
    assert len(events("billing.payment.attention_needed")) == 1


def test_a_refund_that_is_told_before_the_payment_takes_the_credits_when_they_come(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    account.pay(session)
    _refund(account, session, 10808)
    assert payment().attention
    told(account, "checkout.session.completed", account.sessions[session])
    assert (available(wallet), payment().status, payment().attention) == (0, "refunded", "")


def test_a_refund_of_more_than_was_paid_is_refused(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    assert _refund(account, session, 10809) == "refused"
    assert available(wallet) == 100


def test_a_dispute_suspends_the_wallet_and_tells(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    intent = account.sessions[session]["payment_intent"]
    assert told(account, "charge.dispute.created", account.dispute_of(intent)) == "processed"
    with platform_context():
        assert Wallet.objects.get(pk=wallet.pk).status == "suspended"
    assert [each["reason"] for each in events("billing.payment.disputed")] == ["fraudulent"]
    assert "disputed" in payment().attention


def test_a_dispute_that_is_told_again_does_not_suspend_a_wallet_that_staff_reactivated(
    session: str, wallet: Wallet, account: Stripe
) -> None:
    intent = paid(account, session)["payment_intent"]
    payload = account.event("charge.dispute.created", account.dispute_of(intent))
    tell(payload)
    with platform_context():
        Wallet.objects.update(status=WalletStatus.ACTIVE)
    tell(payload)
    with platform_context():
        assert Wallet.objects.get(pk=wallet.pk).status == "active"


def test_a_dispute_about_what_we_do_not_know_is_not_passed_over(session: str, wallet: Wallet, account: Stripe) -> None:
    account.pay(session)
    stranger = account.dispute_of(account.sessions[session]["payment_intent"])
    assert told(account, "charge.dispute.created", stranger) == "refused"


def test_without_keys_the_webhook_says_so_and_keeps_nothing(db: None) -> None:
    assert problem(tell(json.dumps({"id": "evt_1"}))) == (501, "stripe_not_configured")
