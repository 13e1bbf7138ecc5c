"""Card payments in the admin: what staff see and may do."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.payments.models import Payment, StripeEvent
from billing.payments.providers.configured import provider
from billing.payments.services import settlement
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import (
    available,
    deliver_event,
    get_payment,
    ledger_rows,
    pay_checkout,
)
from tests.billing.payments.stripe_server import StripeAccount
from tests.factories.billing import StripeEventFactory

LIST = "/admin/billing/payment/"


def act(client: Client, name: str, **values: Any) -> Any:
    return client.post(f"{LIST}{get_payment().pk}/{name}/", values, follow=True)


def confirmed(client: Client, name: str) -> Any:
    """Run the action through its preview and return the final page."""
    return act(client, name, _preview=act(client, name).context["preview"].digest)


def refunded_but_spent(session: str, wallet: Wallet, account: StripeAccount) -> None:
    pay_checkout(account, session)
    with tenant_context(wallet.tenant_id):
        ledger.debit(wallet=wallet, amount=Decimal(60), key="work")
    charge = account.charge_of(account.sessions[session]["payment_intent"], refunded=10808)
    deliver_event(account, "charge.refunded", charge)


def test_a_payment_shows_what_was_paid_line_by_line(session: str, root: Client, account: StripeAccount) -> None:
    pay_checkout(account, session)
    page = root.get(f"{LIST}{get_payment().pk}/change/").content.decode()
    for text in ("Starter: 1,000 credits", "VAT 5 %", "Card fee", "108.08 USD", session):
        assert text in page


def test_staff_can_have_a_payment_checked_at_once(
    session: str, wallet: Wallet, root: Client, account: StripeAccount
) -> None:
    account.pay(session)
    assert settlement.settle_due(cards=provider(), now=timezone.now()) == 0
    assert "will be checked" in act(root, "ask").content.decode()
    assert settlement.settle_due(cards=provider(), now=timezone.now() + timedelta(seconds=1)) == 1
    assert available(wallet) == 100


def test_credits_are_reclaimed_once_the_wallet_holds_them_again(
    session: str, wallet: Wallet, root: Client, superuser: User, account: StripeAccount, tenant: Tenant
) -> None:
    refunded_but_spent(session, wallet, account)
    assert "could not be reclaimed" in confirmed(root, "take_back").content.decode()
    assert (available(wallet), get_payment().reclaimed_amount) == (0, 40)
    with platform_context():
        spent = LedgerTransaction.objects.get(wallet=wallet, idempotency_key="work")
    with tenant_context(tenant.pk):
        ledger.reverse(transaction=spent, key="undo", reason="Never happened")
    look = act(root, "take_back").context["preview"]
    assert [(each.before, each.after) for each in look.changes] == [("40.00 USD", "100.00 USD")]
    assert available(wallet) == 60
    confirmed(root, "take_back")
    assert (available(wallet), get_payment().reclaimed_amount, get_payment().attention) == (0, 100, "")
    assert ledger_rows(wallet)[-1].created_by_id == superuser.pk


def test_a_reviewed_payment_is_resolved_with_a_reason(
    session: str, wallet: Wallet, root: Client, account: StripeAccount
) -> None:
    refunded_but_spent(session, wallet, account)
    dashboard = root.get("/admin/").content.decode()
    assert "Card payments to review" in dashboard
    act(root, "settle", reason="The customer pays the rest by invoice")
    assert get_payment().attention == ""


def test_a_tenants_owner_can_only_read_payments(
    session: str, wallet: Wallet, admin_of: Any, owner: Any, account: StripeAccount
) -> None:
    refunded_but_spent(session, wallet, account)
    staff = admin_of(owner)
    assert staff.get(f"{LIST}{get_payment().pk}/change/").status_code == 200
    for name in ("ask", "take_back", "settle"):
        assert staff.post(f"{LIST}{get_payment().pk}/{name}/", {"reason": "Mine"}).status_code == 403
    assert get_payment().attention


def test_a_stripe_event_links_to_its_payment(session: str, root: Client, account: StripeAccount) -> None:
    pay_checkout(account, session)
    with platform_context():
        event = StripeEvent.objects.get()
        stranger = StripeEventFactory.create()
    assert (
        f"{LIST}{get_payment().pk}/change/"
        in root.get(f"/admin/billing/stripeevent/{event.pk}/change/").content.decode()
    )
    assert root.get(f"/admin/billing/stripeevent/{stranger.pk}/change/").status_code == 200


def test_the_database_refuses_to_change_a_payment_that_has_ended(session: str, account: StripeAccount) -> None:
    pay_checkout(account, session)
    with platform_context():
        for change in ({"total": Decimal(1)}, {"amount": Decimal(1000)}, {"status": "pending"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Payment.objects.update(**change)
