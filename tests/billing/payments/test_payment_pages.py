"""Card payments in the admin: what staff see of them, and the little they may do."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.payments.models import CreditPackage, Payment, StripeEvent
from billing.payments.providers.stripe import provider
from billing.payments.services import settlement as charges
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import Stripe
from tests.billing.payments.till import available, checkout, paid, payment, rows, told
from tests.factories.billing import StripeEventFactory

LIST = "/admin/billing/payment/"


@pytest.fixture
def session(api: Any, owner: Any, wallet: Wallet, account: Stripe, package: CreditPackage) -> str:
    """A checkout for the tenant's wallet, still to be paid: 100.00 for 108.08."""
    return str(checkout(api(owner), package).json()["checkout_session_id"])


def act(browser: Client, name: str, **values: Any) -> Any:
    return browser.post(f"{LIST}{payment().pk}/{name}/", values, follow=True)


def confirmed(browser: Client, name: str) -> Any:
    """What the action answers once what it would do was looked at."""
    return act(browser, name, _seen=act(browser, name).context["look"].digest)


def refunded_but_spent(session: str, wallet: Wallet, account: Stripe) -> None:
    paid(account, session)
    with tenant_context(wallet.tenant_id):
        ledger.debit(wallet=wallet, amount=Decimal(60), key="work")
    charge = account.charge_of(account.sessions[session]["payment_intent"], refunded=10808)
    told(account, "charge.refunded", charge)


def test_a_payment_shows_what_was_paid_line_by_line(session: str, root: Client, account: Stripe) -> None:
    paid(account, session)
    page = root.get(f"{LIST}{payment().pk}/change/").content.decode()
    for text in ("Starter: 1,000 credits", "VAT 5 %", "Card fee", "108.08 USD", session):
        assert text in page


def test_staff_have_stripe_asked_at_once(session: str, wallet: Wallet, root: Client, account: Stripe) -> None:
    account.pay(session)
    assert charges.settle_due(cards=provider(), now=timezone.now()) == 0
    assert "will be asked" in act(root, "ask").content.decode()
    assert charges.settle_due(cards=provider(), now=timezone.now() + timedelta(seconds=1)) == 1
    assert available(wallet) == 100


def test_credits_are_taken_back_once_the_wallet_holds_them_again(
    session: str, wallet: Wallet, root: Client, superuser: User, account: Stripe, tenant: Tenant
) -> None:
    refunded_but_spent(session, wallet, account)
    assert "could not be taken back" in confirmed(root, "take_back").content.decode()
    assert available(wallet) == 40
    with platform_context():
        # The very credit that was bought must be there: the use of it is taken back.
        spent = LedgerTransaction.objects.get(wallet=wallet, idempotency_key="work")
    with tenant_context(tenant.pk):
        ledger.reverse(transaction=spent, key="undo", reason="Never happened")
    look = act(root, "take_back").context["look"]
    assert [(move.before, move.after) for move in look.moves] == [("0.00 USD", "100.00 USD")]
    assert available(wallet) == 100
    confirmed(root, "take_back")
    assert (available(wallet), payment().reclaimed_amount, payment().attention) == (0, 100, "")
    assert rows(wallet)[-1].created_by_id == superuser.pk


def test_what_was_looked_into_is_settled_with_a_reason(
    session: str, wallet: Wallet, root: Client, account: Stripe
) -> None:
    refunded_but_spent(session, wallet, account)
    dashboard = root.get("/admin/").content.decode()
    assert "Card payments to look into" in dashboard
    act(root, "settle", reason="The customer pays the rest by invoice")
    assert payment().attention == ""


def test_a_tenants_owner_sees_the_payment_and_moves_nothing(
    session: str, wallet: Wallet, browser: Any, owner: Any, account: Stripe
) -> None:
    refunded_but_spent(session, wallet, account)
    staff = browser(owner)
    assert staff.get(f"{LIST}{payment().pk}/change/").status_code == 200
    for name in ("ask", "take_back", "settle"):
        assert staff.post(f"{LIST}{payment().pk}/{name}/", {"reason": "Mine"}).status_code == 403
    assert payment().attention


def test_an_event_leads_to_its_payment(session: str, root: Client, account: Stripe) -> None:
    paid(account, session)
    with platform_context():
        event = StripeEvent.objects.get()
        stranger = StripeEventFactory.create()
    assert (
        f"{LIST}{payment().pk}/change/" in root.get(f"/admin/billing/stripeevent/{event.pk}/change/").content.decode()
    )
    assert root.get(f"/admin/billing/stripeevent/{stranger.pk}/change/").status_code == 200


def test_a_payment_that_ended_is_kept_as_it_is_by_the_database(session: str, account: Stripe) -> None:
    paid(account, session)
    with platform_context():
        for change in ({"total": Decimal(1)}, {"amount": Decimal(1000)}, {"status": "pending"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Payment.objects.update(**change)
