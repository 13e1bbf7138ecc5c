"""Checkout of a credit package: its cost, its redirects, and that it is bought once."""

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
from billing.payments.providers.configured import provider
from billing.payments.services import packages, purchases
from billing.payments.services.checkout import CheckoutRequest, start
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import APP, CHECKOUT, get_payment, start_checkout
from tests.billing.payments.stripe_server import SECRET_KEY, WEBHOOK_SECRET, Hangup, StripeAccount
from tests.factories.billing import BillingProfileFactory, CreditPackageFactory, WalletFactory
from tests.support.api import field_problems, problem
from tests.support.database import superuser_connection


def lines(account: StripeAccount) -> list[tuple[str, str]]:
    (session,) = account.sessions.values()
    return [(line["name"], line["amount"]) for line in session["_lines"]]


def test_a_checkout_lists_package_tax_and_card_fee_on_separate_lines(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    answer = start_checkout(api(owner), package)
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


def test_tax_due_on_use_is_not_charged_at_checkout(
    api: Any, owner: Any, tenant: Tenant, account: StripeAccount, package: CreditPackage
) -> None:
    with platform_context(tenant_id=tenant.pk):
        BillingProfileFactory.create(tenant=tenant, tax_point=TaxPoint.USE)
    start_checkout(api(owner), package)
    assert lines(account) == [("Starter: 1,000 credits", "9900"), ("Card fee", "399")]


@given(net=st.decimals(min_value="0.01", max_value="100000", places=2))
def test_the_net_amount_remains_after_the_card_fee(net: Decimal) -> None:
    fee = purchases.card_fee(net, "USD")
    kept = ((net + fee) * Decimal("0.029") + Decimal("1.00")).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert net + fee - kept == net


def test_a_checkout_without_api_keys_names_the_missing_settings(api: Any, owner: Any, package: CreditPackage) -> None:
    answer = start_checkout(api(owner), package)
    assert problem(answer) == (501, "stripe_not_configured")
    assert "STRIPE_SECRET_KEY" in answer.json()["detail"]
    assert "STRIPE_WEBHOOK_SECRET" in answer.json()["detail"]


def test_buying_needs_the_right_and_an_idempotency_key(
    api: Any, owner: Any, admin: Any, account: StripeAccount, package: CreditPackage
) -> None:
    assert problem(start_checkout(api(admin), package)) == (403, "missing_right")
    unnamed = api(owner).post("/api/v1/billing-payments/", {}, format="json")
    assert problem(unnamed) == (400, "idempotency_key_required")
    assert account.requests == []


def test_the_service_refuses_a_purchase_without_an_idempotency_key(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.payments.api.PaymentViewSet.idempotency_required", ())
    addresses = {"success_url": f"{APP}/paid", "cancel_url": f"{APP}/cancelled"}
    unnamed = api(owner).post(CHECKOUT, {"package": str(package.pk), **addresses}, format="json")
    assert problem(unnamed) == (400, "idempotency_key_required")
    assert account.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_checkout_cannot_start_inside_a_transaction(
    owner: Any, tenant: Tenant, account: StripeAccount, package: CreditPackage
) -> None:
    purchase = CheckoutRequest(package.pk, f"{APP}/paid", f"{APP}/cancelled")
    with tenant_context(tenant.pk), pytest.raises(RuntimeError, match="inside a scope"):
        start(request=purchase, key="once", user=owner, scope=nullcontext, cards=provider(), now=timezone.now())
    assert account.requests == []


def test_the_same_key_returns_the_same_checkout(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    first, second = start_checkout(api(owner), package), start_checkout(api(owner), package)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotent-Replayed"] == "true"
    assert len(account.sessions) == 1


def test_the_same_key_for_a_different_purchase_is_refused_by_field(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    start_checkout(api(owner), package)
    with platform_context():
        other = CreditPackageFactory.create()
    answer = start_checkout(api(owner), other)
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
def test_redirects_lead_only_to_the_app(
    address: str, api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    answer = start_checkout(api(owner), package, success_url=address)
    assert list(field_problems(answer)) == ["success_url"]
    assert account.requests == []


def test_unsold_packages_and_other_tenants_wallets_are_not_found(
    api: Any, owner: Any, other_tenant: Tenant, account: StripeAccount, package: CreditPackage
) -> None:
    with platform_context():
        retired = CreditPackageFactory.create(is_active=False)
    with platform_context(tenant_id=other_tenant.pk):
        foreign = CreditPackageFactory.create()
        wallet = WalletFactory.create(user=None)
    client = api(owner)
    assert problem(start_checkout(client, retired, key="a")) == (404, "not_found")
    assert problem(start_checkout(client, foreign, key="b")) == (404, "not_found")
    assert problem(start_checkout(client, package, key="c", wallet=str(wallet.pk))) == (404, "not_found")
    assert account.requests == []


def test_a_closed_wallet_and_another_currency_are_refused(
    api: Any, owner: Any, tenant: Tenant, wallet: Wallet, account: StripeAccount, package: CreditPackage
) -> None:
    with platform_context():
        euros = CreditPackageFactory.create(currency="EUR")
    assert problem(start_checkout(api(owner), euros, key="a")) == (409, "currency_mismatch")
    with platform_context(tenant_id=tenant.pk):
        Wallet.objects.filter(pk=wallet.pk).update(status=WalletStatus.CLOSED)
    assert problem(start_checkout(api(owner), package, key="b")) == (409, "wallet_closed")
    assert account.requests == []


def test_a_request_refused_by_stripe_fails_the_payment(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    account.refusal = "The amount is too small."
    answer = start_checkout(api(owner), package)
    assert problem(answer) == (502, "stripe_refused")
    assert (get_payment().status, account.refusal in get_payment().error) == ("failed", True)


def test_a_wrong_api_key_is_reported_without_showing_it_and_the_request_can_be_repeated(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_revoked"
    answer = start_checkout(api(owner), package)
    assert problem(answer) == (502, "stripe_key_refused")
    assert "sk_test_revoked" not in answer.content.decode()
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    assert start_checkout(api(owner), package).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_payment_is_committed_before_stripe_is_called(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    seen: list[Any] = []

    def look(_path: str) -> None:
        with superuser_connection() as behind:
            seen.append(behind.execute("SELECT status FROM billing_payments").fetchall())
            open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state ^@ 'idle in transaction' AND datname = %s"
            seen.append(behind.execute(open_ones, [connection.settings_dict["NAME"]]).fetchone())

    account.before = look
    assert start_checkout(api(owner), package).status_code == 201
    assert seen == [[("created",)], (0,)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_dropped_connection_is_recovered_by_repeating_the_request(
    moment: str, api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    def die(_path: str) -> None:
        raise Hangup

    setattr(account, moment, die)
    assert problem(start_checkout(api(owner), package)) == (503, "stripe_no_answer")
    assert get_payment().status == "created"
    setattr(account, moment, lambda path: None)
    healed = start_checkout(api(owner), package)
    assert healed.status_code == 201
    assert len(account.sessions) == 1
    assert get_payment().checkout_session_id == next(iter(account.sessions))


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_call_and_record_is_recovered_by_repeating_the_request(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**_values: Any) -> Payment:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("billing.payments.services.payments.record_session", crash)
        client = api(owner)
        client.raise_request_exception = False
        assert start_checkout(client, package).status_code == 500
    assert (get_payment().status, get_payment().checkout_session_id) == ("created", "")
    assert start_checkout(api(owner), package).json()["checkout_session_id"] in account.sessions
    assert len(account.sessions) == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_with_one_key_create_one_payment(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage
) -> None:
    answers: list[Any] = []

    def ask() -> None:
        answers.append(start_checkout(api(owner), package))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    # Stripe refuses a key that is in use; the client repeats the request.
    assert {each.status_code for each in answers} <= {201, 503}
    assert start_checkout(api(owner), package).status_code == 201
    with platform_context():
        assert Payment.objects.count() == 1
    assert len(account.sessions) == 1


@pytest.mark.django_db(transaction=True)
def test_api_keys_are_never_logged(
    api: Any, owner: Any, account: StripeAccount, package: CreditPackage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        start_checkout(api(owner), package)
    assert account.sessions
    assert SECRET_KEY not in caplog.text
    assert WEBHOOK_SECRET not in caplog.text


def test_default_packages_are_created_once_and_larger_ones_cost_less_per_credit(db: None) -> None:
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
