"""Stripe's webhook processes each event once, also when events are repeated, forged or out of order."""

import json
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections

from billing.invoicing.models import Invoice
from billing.ledger.models import Wallet, WalletStatus
from billing.payments.models import CreditPackage
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tests.billing.payments.card_payments import (
    available,
    deliver_event,
    deliver_webhook,
    get_payment,
    ledger_rows,
    pay_checkout,
    start_checkout,
    stripe_events,
)
from tests.billing.payments.stripe_server import WEBHOOK_SECRET, Hangup, StripeAccount, sign
from tests.support.api import problem


def events(kind: str) -> list[dict[str, Any]]:
    with platform_context():
        return [each.payload for each in DomainEvent.objects.filter(event_type=kind).order_by("created_at")]


def test_a_paid_checkout_credits_once_and_gets_a_receipt(
    session: str, wallet: Wallet, account: StripeAccount, owner: Any
) -> None:
    pay_checkout(account, session)
    (row,) = ledger_rows(wallet)
    assert (row.transaction_type, row.amount, row.idempotency_key) == ("topup", Decimal(100), f"stripe_{session}")
    assert (row.reference_type, row.reference_id, row.created_by_id) == ("stripe_payment", get_payment().pk, owner.pk)
    assert get_payment().status == "succeeded"
    assert get_payment().ledger_transaction_id == row.pk
    drain()
    with platform_context():
        receipt = Invoice.objects.get(payment=get_payment().pk)
    assert (receipt.status, receipt.total, receipt.tax) == ("paid", Decimal("108.08"), Decimal("4.95"))


def test_a_repeated_event_is_processed_once_and_counted(session: str, wallet: Wallet, account: StripeAccount) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    assert [deliver_webhook(payload).json()["outcome"] for _ in range(3)] == ["processed"] * 3
    assert available(wallet) == 100
    (event,) = stripe_events()
    assert (event.deliveries, event.payment_id, event.tenant_id) == (3, get_payment().pk, wallet.tenant_id)


def test_another_event_of_the_same_session_credits_nothing_more(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    paid_session = pay_checkout(account, session)
    deliver_event(account, "checkout.session.completed", paid_session)
    deliver_event(account, "checkout.session.async_payment_succeeded", paid_session)
    assert available(wallet) == 100
    assert len(events("billing.payment.succeeded")) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_simultaneous_deliveries_credit_once(session: str, wallet: Wallet, account: StripeAccount) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    _at_once([payload] * 20)
    assert [row.amount for row in ledger_rows(wallet)] == [100]
    assert [event.deliveries for event in stripe_events()] == [20]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_events_of_one_session_credit_once(session: str, wallet: Wallet, account: StripeAccount) -> None:
    paid_session = account.pay(session)
    kinds = ["checkout.session.completed", "checkout.session.async_payment_succeeded"] * 4
    _at_once([account.event(kind, paid_session) for kind in kinds])
    assert [row.amount for row in ledger_rows(wallet)] == [100]


def _at_once(payloads: list[str]) -> None:
    answers: list[int] = []

    def send(payload: str) -> None:
        answers.append(deliver_webhook(payload).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send, args=[payload]) for payload in payloads]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [200] * len(payloads)


@pytest.mark.parametrize("forgery", ["another secret", "no signature", "an old one", "another body", "nonsense"])
def test_a_missing_wrong_or_old_signature_is_refused(
    forgery: str, session: str, wallet: Wallet, account: StripeAccount
) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))
    match forgery:
        case "another secret":
            answer = deliver_webhook(payload, secret="whsec_of_somebody_else")
        case "no signature":
            answer = deliver_webhook(payload, signature="")
        case "an old one":
            answer = deliver_webhook(payload, age=301)
        case "another body":
            answer = deliver_webhook(
                payload.replace("10808", "1"), signature=sign(payload, WEBHOOK_SECRET, at=2_000_000_000)
            )
        case _:
            answer = deliver_webhook(payload, signature="t=now,v1=yes")
    assert problem(answer) == (400, "stripe_signature_refused")
    assert (available(wallet), stripe_events()) == (0, [])


SIGNED_NONSENSE: dict[str, str] = {
    "no JSON": "{",
    "half a surrogate pair": '"\\ud800"',
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "no id": '{"type": "charge.refunded", "data": {"object": {}}}',
    "an id that is a number": '{"id": 7, "type": "charge.refunded", "data": {"object": {}}}',
    "a very long id": json.dumps({"id": "e" * 300, "type": "charge.refunded", "data": {"object": {}}}),
    "an id that cannot be stored": json.dumps({"id": "evt\0", "type": "charge.refunded", "data": {"object": {}}}),
    "no data": '{"id": "evt_1", "type": "charge.refunded"}',
    "data that is a list": '{"id": "evt_1", "type": "charge.refunded", "data": []}',
    "an object that is a text": '{"id": "evt_1", "type": "charge.refunded", "data": {"object": "charge"}}',
    "an object that is empty": '{"id": "evt_1", "type": "charge.refunded", "data": {"object": {"object": "charge"}}}',
    "deep": "[" * 100_000,
    **{
        f"a {kind} with a wrong {name}": json.dumps(
            {
                "id": "evt_1",
                "type": kind,
                "data": {"object": {"id": "x", "object": thing, "currency": "usd", "amount": 1, name: wrong}},
            }
        )
        for kind, thing, name, wrong in [
            ("charge.refunded", "charge", "amount_refunded", "a lot"),
            ("charge.refunded", "charge", "currency", 7),
            ("charge.dispute.created", "dispute", "amount", None),
            ("charge.dispute.created", "dispute", "amount", 1.5),
            ("checkout.session.completed", "checkout.session", "expires_at", "tomorrow"),
            ("checkout.session.completed", "checkout.session", "expires_at", 10**30),
            ("checkout.session.completed", "checkout.session", "metadata", "ours"),
            ("payment_intent.succeeded", "payment_intent", "status", []),
        ]
    },
}


@pytest.mark.parametrize("payload", SIGNED_NONSENSE.values(), ids=SIGNED_NONSENSE)
def test_a_signed_event_that_makes_no_sense_is_refused(payload: str, account: StripeAccount, db: None) -> None:
    answer = deliver_webhook(payload)
    assert problem(answer) == (400, "stripe_event_malformed")


def test_a_recent_signature_is_accepted(session: str, wallet: Wallet, account: StripeAccount) -> None:
    assert (
        deliver_webhook(account.event("checkout.session.completed", account.pay(session)), age=240).status_code == 200
    )
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
def test_an_event_that_does_not_match_the_payment_is_flagged_and_credits_nothing(
    change: dict[str, Any], what: str, session: str, wallet: Wallet, account: StripeAccount
) -> None:
    account.pay(session)
    assert deliver_event(account, "checkout.session.completed", {**account.sessions[session], **change}) == "refused"
    assert available(wallet) == 0
    assert f"The {what} is" in get_payment().attention
    assert events("billing.payment.attention_needed")
    # The genuine event is still accepted.
    assert deliver_event(account, "checkout.session.completed", account.sessions[session]) == "processed"
    assert available(wallet) == 100


def test_a_session_of_another_tenant_credits_nothing(
    session: str, wallet: Wallet, account: StripeAccount, api: Any, other_owner: Any, package: CreditPackage
) -> None:
    foreign = start_checkout(api(other_owner), package).json()
    account.pay(session)
    mixed = {**account.sessions[session], "metadata": {**account.sessions[session]["metadata"]}}
    mixed["metadata"]["payment_id"] = foreign["id"]
    assert deliver_event(account, "checkout.session.completed", mixed) == "refused"
    mixed["metadata"]["tenant_id"] = str(other_owner.primary_tenant_id)
    assert deliver_event(account, "checkout.session.completed", mixed) == "refused"
    assert available(wallet) == 0
    assert get_payment(pk=foreign["id"]).status == "pending"


def test_a_session_of_another_tenant_credits_nothing_to_a_payment_without_a_session(
    session: str, account: StripeAccount, api: Any, other_owner: Any, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    account.after = die
    start_checkout(api(other_owner), package)
    foreign = get_payment(tenant=other_owner.primary_tenant_id)
    assert foreign.checkout_session_id == ""
    mixed = account.pay(session)
    mixed["metadata"] = {**mixed["metadata"], "payment_id": str(foreign.pk)}
    assert deliver_event(account, "checkout.session.completed", mixed) == "refused"
    assert get_payment(pk=foreign.pk).status == "created"


def test_unknown_payments_are_refused_and_events_of_other_products_ignored(
    session: str, wallet: Wallet, account: StripeAccount
) -> None:
    account.pay(session)
    stranger = {**account.sessions[session], "id": "cs_test_shop", "metadata": {}}
    assert deliver_event(account, "checkout.session.completed", stranger) == "ignored"
    lost = {**stranger, "metadata": {"payment_id": str(wallet.pk), "tenant_id": str(wallet.tenant_id)}}
    assert deliver_event(account, "checkout.session.completed", lost) == "refused"
    assert deliver_event(account, "customer.created", {"id": "cus_1", "object": "customer"}) == "ignored"
    assert available(wallet) == 0


def test_a_delayed_bank_payment_stays_pending(session: str, wallet: Wallet, account: StripeAccount) -> None:
    deliver_event(account, "checkout.session.completed", account.pay(session, at_once=False))
    assert (available(wallet), get_payment().status) == (0, "pending")
    account.sessions[session]["payment_status"] = "paid"
    deliver_event(account, "checkout.session.async_payment_succeeded", account.sessions[session])
    assert (available(wallet), get_payment().status) == (100, "succeeded")


def test_a_delayed_bank_payment_can_fail(session: str, wallet: Wallet, account: StripeAccount) -> None:
    deliver_event(account, "checkout.session.completed", account.pay(session, at_once=False))
    deliver_event(account, "checkout.session.async_payment_failed", account.sessions[session])
    assert (available(wallet), get_payment().status) == (0, "failed")


def test_an_unpaid_checkout_expires(session: str, wallet: Wallet, account: StripeAccount) -> None:
    deliver_event(account, "checkout.session.expired", account.expire(session))
    assert (available(wallet), get_payment().status) == (0, "expired")


def test_money_that_arrives_after_expiry_is_credited(session: str, wallet: Wallet, account: StripeAccount) -> None:
    deliver_event(account, "checkout.session.completed", account.pay(session, at_once=False))
    deliver_event(account, "checkout.session.async_payment_failed", account.sessions[session])
    account.sessions[session]["payment_status"] = "paid"
    assert deliver_event(account, "checkout.session.async_payment_succeeded", account.sessions[session]) == "processed"
    assert (available(wallet), get_payment().status) == (100, "succeeded")


def test_late_events_of_a_paid_checkout_change_nothing(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    open_session = {**account.sessions[session], "payment_status": "unpaid"}
    for kind in ("checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed"):
        assert deliver_event(account, kind, open_session) == "ignored"
    assert (available(wallet), get_payment().status) == (100, "succeeded")


def test_an_event_of_an_unrecorded_checkout_is_credited(
    api: Any, owner: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    account.after = die
    assert problem(start_checkout(api(owner), package)) == (503, "stripe_no_answer")
    (session,) = account.sessions
    assert get_payment().checkout_session_id == ""
    pay_checkout(account, session)
    assert available(wallet) == 100
    assert get_payment().checkout_session_id == session


@pytest.mark.django_db(transaction=True)
def test_a_failing_event_is_rolled_back_recorded_and_processed_on_retry(
    session: str, wallet: Wallet, account: StripeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = account.event("checkout.session.completed", account.pay(session))

    def broken(**_values: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patched:
        # Fails after the money was posted, so that the posting must be rolled back.
        patched.setattr("billing.payments.services.payments.emit", lambda *_args, **_values: broken())
        assert deliver_webhook(payload).status_code >= 500
    assert (available(wallet), get_payment().status) == (0, "pending")
    (event,) = stripe_events()
    assert (event.outcome, "disk is full" in event.detail) == ("failed", True)
    assert deliver_webhook(payload).json()["outcome"] == "processed"
    assert available(wallet) == 100


def test_a_payment_into_a_closed_wallet_is_flagged(session: str, wallet: Wallet, account: StripeAccount) -> None:
    with platform_context():
        Wallet.objects.update(status=WalletStatus.CLOSED)
    assert deliver_event(account, "checkout.session.completed", account.pay(session)) == "refused"
    assert get_payment().attention
    assert ledger_rows(wallet) == []


def test_the_webhook_without_api_keys_answers_501_and_stores_nothing(db: None) -> None:
    assert problem(deliver_webhook(json.dumps({"id": "evt_1"}))) == (501, "stripe_not_configured")
