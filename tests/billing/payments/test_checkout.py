"""Buying a package of credits: what it costs, where it leads, and that it is bought once."""

import logging
import threading
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing.invoicing.models import TaxPoint
from billing.ledger.models import Wallet, WalletStatus
from billing.payments.models import CreditPackage, Payment
from billing.payments.providers.stripe import provider
from billing.payments.services import packages, purchases
from billing.payments.services.checkout import Wanted, start
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import SECRET_KEY, WEBHOOK_SECRET, Hangup, Stripe
from tests.billing.payments.till import APP, CHECKOUT, checkout, payment
from tests.conftest import superuser_connection
from tests.factories.billing import BillingProfileFactory, CreditPackageFactory, WalletFactory
from tests.support.api import field_problems, problem


def lines(account: Stripe) -> list[tuple[str, str]]:
    (session,) = account.sessions.values()
    return [(line["name"], line["amount"]) for line in session["_lines"]]


def test_a_checkout_asks_for_package_tax_and_card_fee_each_on_its_own_line(
    api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    answer = checkout(api(owner), package)
    assert answer.status_code == 201, answer.content
    (session,) = account.sessions.values()
    row = answer.json()
    assert row["checkout_url"] == session["url"]
    # (99.00 + 4.95 + 1.00) / 0.971 = 108.0844…
    assert lines(account) == [("Starter: 1,000 credits", "9900"), ("VAT 5 %", "495"), ("Card fee", "413")]
    assert session["amount_total"] == 10808
    assert (row["status"], row["total"], row["amount"]) == ("pending", "108.080000", "100.000000")
    assert session["metadata"] == {"payment_id": row["id"], "tenant_id": str(owner.primary_tenant_id)}
    assert session["success_url"].startswith(APP)


def test_tax_that_is_due_on_use_is_not_asked_for_now(
    api: Any, owner: Any, tenant: Tenant, account: Stripe, package: CreditPackage
) -> None:
    with platform_context(tenant_id=tenant.pk):
        BillingProfileFactory.create(tenant=tenant, tax_point=TaxPoint.USE)
    checkout(api(owner), package)
    assert lines(account) == [("Starter: 1,000 credits", "9900"), ("Card fee", "399")]


@given(net=st.decimals(min_value="0.01", max_value="100000", places=2))
def test_what_remains_after_the_card_fee_is_the_net(net: Decimal) -> None:
    fee = purchases.card_fee(net, "USD")
    kept = ((net + fee) * Decimal("0.029") + Decimal("1.00")).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert net + fee - kept == net


def test_without_keys_the_checkout_says_which_settings_are_missing(
    api: Any, owner: Any, package: CreditPackage
) -> None:
    answer = checkout(api(owner), package)
    assert problem(answer) == (501, "stripe_not_configured")
    assert "STRIPE_SECRET_KEY" in answer.json()["detail"]
    assert "STRIPE_WEBHOOK_SECRET" in answer.json()["detail"]


def test_only_who_may_buy_buys_and_names_the_purchase(
    api: Any, owner: Any, admin: Any, account: Stripe, package: CreditPackage
) -> None:
    assert problem(checkout(api(admin), package)) == (403, "missing_right")
    unnamed = api(owner).post("/api/v1/billing-payments/", {}, format="json")
    assert problem(unnamed) == (400, "idempotency_key_required")
    assert account.requests == []


def test_no_purchase_goes_without_a_key_even_where_the_view_forgets_to_ask_for_one(
    api: Any, owner: Any, account: Stripe, package: CreditPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.payments.api.PaymentViewSet.idempotency_required", ())
    addresses = {"success_url": f"{APP}/paid", "cancel_url": f"{APP}/cancelled"}
    unnamed = api(owner).post(CHECKOUT, {"package": str(package.pk), **addresses}, format="json")
    assert problem(unnamed) == (400, "idempotency_key_required")
    assert account.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_checkout_does_not_begin_where_a_transaction_would_wait_for_stripe(
    owner: Any, tenant: Tenant, account: Stripe, package: CreditPackage
) -> None:
    wanted = Wanted(package.pk, f"{APP}/paid", f"{APP}/cancelled")
    with tenant_context(tenant.pk), pytest.raises(RuntimeError, match="inside a scope"):
        start(wanted=wanted, key="once", user=owner, scope=nullcontext, cards=provider(), now=timezone.now())
    assert account.requests == []


def test_the_same_key_leads_to_the_same_checkout(api: Any, owner: Any, account: Stripe, package: CreditPackage) -> None:
    first, second = checkout(api(owner), package), checkout(api(owner), package)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotent-Replayed"] == "true"
    assert len(account.sessions) == 1


def test_the_same_key_for_another_purchase_is_refused_by_field(
    api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    checkout(api(owner), package)
    with platform_context():
        other = CreditPackageFactory.create()
    answer = checkout(api(owner), other)
    assert problem(answer) == (409, "idempotency_conflict")
    assert answer.json()["field"] == "package"
    assert len(account.sessions) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/settings",
        "http://localhost:5173.evil.example/",
        "http://localhost:5173@evil.example/",
        "http://evil.example\\@localhost:5173/",
        "javascript:alert(1)",
        "//localhost:5173/settings",
        "http://localhost:5174/",
    ],
)
def test_a_payer_is_sent_to_the_app_only(
    address: str, api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    answer = checkout(api(owner), package, success_url=address)
    assert list(field_problems(answer)) == ["success_url"]
    assert account.requests == []


def test_what_is_not_sold_and_what_is_another_tenants_is_not_there(
    api: Any, owner: Any, other_tenant: Tenant, account: Stripe, package: CreditPackage
) -> None:
    with platform_context():
        retired = CreditPackageFactory.create(is_active=False)
    with platform_context(tenant_id=other_tenant.pk):
        foreign = CreditPackageFactory.create()
        wallet = WalletFactory.create(user=None)
    client = api(owner)
    assert problem(checkout(client, retired, key="a")) == (404, "not_found")
    assert problem(checkout(client, foreign, key="b")) == (404, "not_found")
    assert problem(checkout(client, package, key="c", wallet=str(wallet.pk))) == (404, "not_found")
    assert account.requests == []


def test_a_closed_wallet_and_another_currency_are_refused(
    api: Any, owner: Any, tenant: Tenant, wallet: Wallet, account: Stripe, package: CreditPackage
) -> None:
    with platform_context():
        euros = CreditPackageFactory.create(currency="EUR")
    assert problem(checkout(api(owner), euros, key="a")) == (409, "currency_mismatch")
    with platform_context(tenant_id=tenant.pk):
        Wallet.objects.filter(pk=wallet.pk).update(status=WalletStatus.CLOSED)
    assert problem(checkout(api(owner), package, key="b")) == (409, "wallet_closed")
    assert account.requests == []


def test_a_refusal_of_stripe_ends_the_payment(api: Any, owner: Any, account: Stripe, package: CreditPackage) -> None:
    account.refusal = "The amount is too small."
    answer = checkout(api(owner), package)
    assert problem(answer) == (502, "stripe_refused")
    assert (payment().status, account.refusal in payment().error) == ("failed", True)


def test_a_key_that_stripe_refuses_is_told_without_it_and_the_request_is_good_once_it_is_corrected(
    api: Any, owner: Any, account: Stripe, package: CreditPackage, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_revoked"
    answer = checkout(api(owner), package)
    assert problem(answer) == (502, "stripe_key_refused")
    assert "sk_test_revoked" not in answer.content.decode()
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    assert checkout(api(owner), package).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_payment_is_on_record_before_stripe_is_asked_and_no_transaction_waits_for_the_answer(
    api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    seen: list[Any] = []

    def look(_path: str) -> None:
        with superuser_connection() as behind:
            seen.append(behind.execute("SELECT status FROM billing_payments").fetchall())
            open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state ^@ 'idle in transaction' AND datname = %s"
            seen.append(behind.execute(open_ones, [connection.settings_dict["NAME"]]).fetchone())

    account.before = look
    assert checkout(api(owner), package).status_code == 201
    assert seen == [[("created",)], (0,)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_line_that_goes_dead_is_healed_by_the_same_request(
    moment: str, api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    setattr(account, moment, die)
    assert problem(checkout(api(owner), package)) == (503, "stripe_no_answer")
    assert payment().status == "created"
    setattr(account, moment, lambda path: None)
    healed = checkout(api(owner), package)
    assert healed.status_code == 201
    assert len(account.sessions) == 1
    assert payment().checkout_session_id == next(iter(account.sessions))


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_the_call_and_the_record_is_healed_by_the_same_request(
    api: Any, owner: Any, account: Stripe, package: CreditPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**_values: Any) -> Payment:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("billing.services.checkout.payments.note", crash)
        client = api(owner)
        client.raise_request_exception = False
        assert checkout(client, package).status_code == 500
    assert (payment().status, payment().checkout_session_id) == ("created", "")
    assert checkout(api(owner), package).json()["checkout_session_id"] in account.sessions
    assert len(account.sessions) == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_with_one_key_begin_one_payment(
    api: Any, owner: Any, account: Stripe, package: CreditPackage
) -> None:
    answers: list[Any] = []

    def ask() -> None:
        answers.append(checkout(api(owner), package))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    # Stripe refuses a key that is in use; whoever is told so asks again.
    assert {each.status_code for each in answers} <= {201, 503}
    assert checkout(api(owner), package).status_code == 201
    with platform_context():
        assert Payment.objects.count() == 1
    assert len(account.sessions) == 1


@pytest.mark.django_db(transaction=True)
def test_neither_key_is_written_to_any_log(
    api: Any, owner: Any, account: Stripe, package: CreditPackage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        checkout(api(owner), package)
    assert account.sessions
    assert SECRET_KEY not in caplog.text
    assert WEBHOOK_SECRET not in caplog.text


def test_the_default_packages_are_made_once_and_more_costs_less_per_credit(db: None) -> None:
    with platform_context():
        assert packages.load_defaults() == 4
        assert packages.load_defaults() == 0
        found = list(CreditPackage.objects.order_by("position"))
    assert [(row.key, row.credits, row.price) for row in found[:3]] == [
        ("starter", 1_000, Decimal(99)),
        ("professional", 3_000, Decimal(199)),
        ("business", 12_000, Decimal(499)),
    ]
    prices = [row.price_per_credit for row in found]
    assert prices == sorted(prices, reverse=True)
    assert len(set(prices)) == 4
