"""What of money the dashboard asks for."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from billing.ledger.services import ledger
from lad.tenancy.context import platform_context
from tests.factories.billing import InvoiceFactory, StripeEventFactory, UsageEventFactory, WalletFactory


def cards(client):
    return {card.title: (card.value, card.tone) for card in client.get("/admin/").context["cards"]}


def test_the_dashboard_asks_for_unpaid_invoices_low_wallets_and_failed_charges(root, tenant, member):
    calm = {"Overdue invoices": ("0", ""), "Low wallets": ("0", ""), "Failed charges": ("0", "")}
    assert cards(root) | calm == cards(root)
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
    asking = {"Overdue invoices": ("2", "danger"), "Low wallets": ("1", "warning"), "Failed charges": ("1", "warning")}
    assert cards(root) | asking == cards(root)


def test_a_card_leads_to_the_very_rows_it_counts(root, tenant):
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
    for title in ("Overdue invoices", "Low wallets", "Stripe events not acted on"):
        shown = root.get(found[title].url).context["cl"].result_list
        assert (title, found[title].value) == (title, str(len(shown)))


def test_a_tenants_staff_see_their_own_money_and_viewers_only_what_it_costs(
    browser, owner, viewer, other_tenant, other_owner
):
    with platform_context(tenant_id=other_tenant.pk):
        InvoiceFactory.create(status="overdue", due_at=timezone.now())
    assert cards(browser(owner))["Overdue invoices"] == ("0", "")
    assert cards(browser(other_owner))["Overdue invoices"] == ("1", "danger")
    assert {"Overdue invoices", "Low wallets"}.isdisjoint(cards(browser(viewer)))
    assert "Failed charges" in cards(browser(viewer))
