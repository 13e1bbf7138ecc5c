"""Billing's cards on the dashboard."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from billing.ledger.services import ledger
from lad.tenancy.context import platform_context
from tests.factories.billing import InvoiceFactory, StripeEventFactory, UsageEventFactory, WalletFactory


def cards(client):
    return {card.title: (card.value, card.tone) for card in client.get("/admin/").context["cards"]}


def test_the_dashboard_shows_overdue_invoices_low_wallets_and_failed_charges(root, tenant, member):
    nothing = {"Overdue invoices": ("0", ""), "Low wallets": ("0", ""), "Failed charges": ("0", "")}
    assert cards(root) | nothing == cards(root)
    now = timezone.now()
    with platform_context(tenant_id=tenant.pk):
        for user, amount in ((None, 4), (member, 5)):
            wallet = WalletFactory.create(user=user, low_balance_threshold=5)
            ledger.topup(wallet=wallet, amount=Decimal(amount), key=f"opening {amount}")
        InvoiceFactory.create(status="overdue", due_at=now)
        InvoiceFactory.create(status="pending", due_at=now - timedelta(days=1))
        InvoiceFactory.create(status="pending", due_at=now + timedelta(days=1))
        for days in (1, 8):
            at = now - timedelta(days=days)
            UsageEventFactory.create(status="failed", error_message="No", created_at=at)
    due = {"Overdue invoices": ("2", "danger"), "Low wallets": ("1", "warning"), "Failed charges": ("1", "warning")}
    shown = cards(root)
    assert shown | due == shown


def test_a_card_links_to_exactly_the_rows_it_counts(root, tenant):
    now = timezone.now()
    with platform_context(tenant_id=tenant.pk):
        InvoiceFactory.create(status="overdue", due_at=now)
        InvoiceFactory.create(status="pending", due_at=now - timedelta(days=1))
        InvoiceFactory.create(status="pending", due_at=now + timedelta(days=1))
        WalletFactory.create(user=None, low_balance_threshold=5)
    with platform_context():
        for outcome in ("refused", "failed", "processed"):
            StripeEventFactory.create(outcome=outcome)
    found = {card.title: card for card in root.get("/admin/").context["cards"]}
    for title in ("Overdue invoices", "Low wallets", "Unprocessed Stripe events"):
        shown = root.get(found[title].url).context["cl"].result_list
        assert (title, found[title].value) == (title, str(len(shown)))


def test_staff_see_their_own_tenants_cards_and_viewers_only_usage(admin_of, owner, viewer, other_tenant, other_owner):
    with platform_context(tenant_id=other_tenant.pk):
        InvoiceFactory.create(status="overdue", due_at=timezone.now())
    assert cards(admin_of(owner))["Overdue invoices"] == ("0", "")
    assert cards(admin_of(other_owner))["Overdue invoices"] == ("1", "danger")
    assert {"Overdue invoices", "Low wallets"}.isdisjoint(cards(admin_of(viewer)))
    assert "Failed charges" in cards(admin_of(viewer))
