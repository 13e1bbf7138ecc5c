"""A wallet's admin page: its content, and manual postings with preview and confirmation."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.ledger.admin.wallet_page import TRANSACTIONS_PER_PAGE
from billing.ledger.errors import WalletSuspended
from billing.ledger.models import CreditLot, Hold, LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.pricing.models import Price
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.tenancy.context import platform_context
from tests.billing.ledger.test_wallets import page
from tests.factories.billing import WalletFactory
from tests.support.api import text
from tests.support.database import stored
from tests.support.events import events

REASON = {"reason": "Asked for by the customer"}
SHORT = timedelta(minutes=5)


@pytest.fixture
def filled(tenant, wallet):
    """Return the tenant's wallet with a balance of 100."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(100), key="first", description="The first hundred")
    return stored(wallet)


@pytest.fixture
def spend(filled):
    """Return ``spend(amount)``, which charges the wallet."""

    def debit(amount):
        with platform_context(tenant_id=filled.tenant_id):
            return ledger.debit(wallet=filled, amount=Decimal(amount), key=f"spent-{uuid4()}")

    return debit


def rows(wallet):
    with platform_context():
        return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def preview(browser, url, **entries):
    """Return the preview of the entries and the data its page sends to confirm."""
    sent = {"key": str(uuid4()), **REASON, **entries}
    response = browser.post(url, sent)
    assert response.status_code == 200, response
    seen = response.context.get("preview")
    assert seen is not None, response.context["form"].errors
    return seen, {**sent, "_preview": seen.digest}


def figures(seen):
    return {each.label: (each.before, each.after) for each in seen.changes}


def confirm(browser, url, **entries):
    """Fill in the form and confirm its preview."""
    _seen, sent = preview(browser, url, **entries)
    response = browser.post(url, sent, follow=True)
    assert response.redirect_chain, text(response)
    return response


def test_a_top_up_shows_a_preview_and_posts_only_after_confirmation(root, filled, superuser):
    url = page("wallet_topup", filled.pk)
    seen, sent = preview(root, url, amount="50.5")
    assert figures(seen) == {
        "Available": ("100.00 USD", "150.50 USD"),
        "Reserved": ("0.00 USD", "0.00 USD"),
        "Balance": ("100.00 USD", "150.50 USD"),
    }
    assert ("Transaction", "Top-up +50.50 USD") in seen.facts
    assert stored(filled).current_balance == 100
    assert root.post(url, sent).status_code == 302
    _first, posted = rows(filled)
    assert (posted.amount, posted.transaction_type, posted.description) == (Decimal("50.5"), "topup", REASON["reason"])
    assert (posted.created_by_id, posted.reference_type) == (superuser.pk, "manual")


def test_a_form_that_is_sent_twice_posts_once(root, filled):
    url = page("wallet_topup", filled.pk)
    _seen, sent = preview(root, url, amount="50")
    for _time in range(3):
        assert "Posted as transaction 2. The available balance is now 150.00 USD." in text(
            root.post(url, sent, follow=True)
        )
    assert stored(filled).current_balance == 150


def test_each_opening_of_the_form_gets_a_new_key(root, filled):
    url = page("wallet_topup", filled.pk)
    keys = {root.get(url).context["form"]["key"].value() for _time in range(2)}
    assert len(keys) == 2


def test_granted_credit_is_used_first_and_expires_at_the_end_of_its_last_day(root, filled, spend):
    last_day = (timezone.now() + timedelta(days=9)).date()
    confirm(root, page("wallet_credit", filled.pk), amount="10", last_day=last_day.isoformat())
    with platform_context():
        granted, purchased = CreditLot.objects.order_by("priority")
    assert granted.expires_at.isoformat() == f"{last_day + timedelta(days=1)}T00:00:00+00:00"
    assert (granted.priority, purchased.priority) == (20, 50)
    spend(4)
    shown = root.get(page("wallet_change", filled.pk)).context["page"].lots
    assert [(lot.kind, lot.left, lot.share) for lot in shown] == [
        ("Granted", "6.00 USD", 60),
        ("Purchased", "100.00 USD", 100),
    ]
    yesterday = timezone.now() - timedelta(days=1)
    refused = root.post(
        page("wallet_credit", filled.pk), {"key": uuid4(), "amount": 1, "last_day": f"{yesterday:%Y-%m-%d}", **REASON}
    )
    assert "Choose today or a later day." in text(refused)


def test_an_adjustment_adds_or_takes_but_never_overdraws(root, filled):
    url = page("wallet_adjust", filled.pk)
    confirm(root, url, amount="-30")
    confirm(root, url, amount="0.000001")
    assert stored(filled).current_balance == Decimal("70.000001")
    refused = root.post(url, {"key": uuid4(), "amount": "-71", **REASON})
    assert "only 70.000001 is available" in text(refused)
    assert "The amount cannot be 0." in text(root.post(url, {"key": uuid4(), "amount": "0", **REASON}))
    assert [row.amount for row in rows(filled)] == [100, -30, Decimal("0.000001")]


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e3x", "0.005", "0.0000001", "1000000000000"])
def test_the_form_refuses_an_invalid_amount(amount, root, filled):
    response = root.post(page("wallet_topup", filled.pk), {"key": uuid4(), "amount": amount, **REASON})
    assert response.context["preview"] is None
    assert response.context["form"].errors["amount"]


def test_nothing_is_posted_without_a_reason_or_without_the_forms_key(root, filled):
    url = page("wallet_topup", filled.pk)
    for missing in ({"key": uuid4(), "amount": 5}, {"amount": 5, **REASON}):
        assert root.post(url, missing).context["preview"] is None
    assert len(rows(filled)) == 1


def test_going_back_keeps_the_entries_and_posts_nothing(root, filled):
    url = page("wallet_topup", filled.pk)
    _seen, sent = preview(root, url, amount="12")
    response = root.post(url, {**sent, "_edit": "1"})
    form = response.context["form"]
    assert (form["amount"].value(), form["key"].value(), response.context["preview"]) == ("12", sent["key"], None)
    assert len(rows(filled)) == 1


def test_the_balance_may_change_between_preview_and_confirmation_but_the_posting_may_not(root, filled, spend):
    url = page("wallet_topup", filled.pk)
    _seen, sent = preview(root, url, amount="5")
    spend(1)
    assert root.post(url, sent).status_code == 302
    assert stored(filled).current_balance == 104
    _seen, sent = preview(root, url, amount="5")
    response = root.post(url, {**sent, "amount": "500"})
    assert "Something changed since you opened this page" in text(response)
    assert stored(filled).current_balance == 104


def test_a_suspended_wallet_accepts_credit_and_a_closed_one_does_not(root, filled, spend):
    confirm(root, page("wallet_suspend", filled.pk))
    confirm(root, page("wallet_topup", filled.pk), amount="1")
    with pytest.raises(WalletSuspended):
        spend(1)
    confirm(root, page("wallet_reactivate", filled.pk))
    spend(101)
    confirm(root, page("wallet_close", filled.pk))
    assert stored(filled).status == "closed"
    assert "does not apply" in text(root.post(page("wallet_topup", filled.pk), {"amount": 1}, follow=True))


def test_a_status_is_changed_with_a_reason_after_a_confirmation(root, wallet, superuser):
    for action, status, verb, before in (
        ("suspend", "Suspended", "suspended", "active"),
        ("reactivate", "Active", "reactivated", "suspended"),
        ("close", "Closed", "closed", "active"),
    ):
        seen, sent = preview(root, page(f"wallet_{action}", wallet.pk))
        assert figures(seen) == {"Status": (before.capitalize(), status)}
        assert stored(wallet).status == before
        assert events(f"billing.wallet.{verb}") == []
        assert root.post(page(f"wallet_{action}", wallet.pk), sent).status_code == 302
        assert stored(wallet).status == status.lower()
        [event] = events(f"billing.wallet.{verb}")
        assert event.payload == {"before": before, **REASON}
        assert event.metadata["actor_id"] == str(superuser.pk)


def test_a_wallet_with_a_balance_is_not_closed(root, filled):
    response = root.post(page("wallet_close", filled.pk), REASON)
    assert "still has a balance" in text(response)
    assert stored(filled).status == "active"
    assert events("billing.wallet.closed") == []


def test_the_threshold_is_set_with_a_reason_and_may_be_removed(root, filled):
    url = page("wallet_threshold", filled.pk)
    seen, sent = preview(root, url, amount="250")
    assert figures(seen)["Notify below"][1] == "250.00 USD"
    assert seen.warnings == ["The available balance is already lower. The next use notifies the tenant."]
    assert root.post(url, sent).status_code == 302
    assert stored(filled).low_balance_threshold == 250
    confirm(root, url, amount="")
    assert stored(filled).low_balance_threshold is None
    assert [event.payload["reason"] for event in events("billing.wallet.threshold_set")] == [REASON["reason"]] * 2


def test_a_transaction_is_reversed_once_and_both_pages_link_to_each_other(root, filled, spend):
    debit = spend(30)
    url = page("ledgertransaction_reverse", debit.id)
    seen, sent = preview(root, url)
    assert figures(seen)["Available"] == ("70.00 USD", "100.00 USD")
    assert ("Reverses", "Debit -30.00, number 2") in seen.facts
    assert root.post(url, sent).status_code == 302
    assert root.post(url, sent).status_code == 302
    reversal = rows(filled)[2]
    assert (reversal.amount, reversal.reverses_id, len(rows(filled))) == (30, debit.id, 3)
    for row, other in ((debit.id, reversal.pk), (reversal.pk, debit.id)):
        assert page("ledgertransaction_change", other) in text(root.get(page("ledgertransaction_change", row)))
    lines = root.get(page("wallet_change", filled.pk)).context["page"].rows
    assert [
        (line.reverses and line.reverses.version, line.reversed_by and line.reversed_by.version) for line in lines
    ] == [
        (2, None),
        (None, 3),
        (None, None),
    ]


def test_reversing_a_charge_voids_the_use_it_paid_for(root, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        Price.all_objects.create(
            tenant=tenant,
            category="telephony",
            provider="twilio",
            model="voice",
            unit="minute",
            unit_price=Decimal("0.5"),
            effective_from=timezone.now() - timedelta(days=1),
        )
        item = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute", "quantity": "4"}
        event = usage.charge(event=usage.record(feature_key="voice-agent", items=[item], key="call"))
    assert (event.status, stored(filled).current_balance) == ("charged", 98)
    url = page("ledgertransaction_reverse", event.ledger_transaction_id)
    seen, sent = preview(root, url)
    assert figures(seen)["Available"] == ("98.00 USD", "100.00 USD")
    assert "Voids" in dict(seen.facts)
    with platform_context():
        assert UsageEvent.objects.get().status == "charged"
    for _time in range(2):
        assert root.post(url, sent).status_code == 302
    with platform_context():
        assert (UsageEvent.objects.get().status, UsageEvent.objects.get().void_reason) == ("voided", REASON["reason"])
    assert (stored(filled).current_balance, len(rows(filled))) == (100, 3)


def test_a_top_up_whose_credit_was_spent_is_not_reversed(root, filled, spend):
    spend(30)
    first = rows(filled)[0]
    response = root.post(page("ledgertransaction_reverse", first.pk), {"key": uuid4(), **REASON})
    assert response.context["preview"] is None
    assert response.context["form"].non_field_errors()
    assert len(rows(filled)) == 2


def test_the_page_of_a_transaction_shows_its_hash_its_lots_and_its_neighbours(root, filled, spend):
    debit = spend(30)
    spend(1)
    first, second, third = rows(filled)
    shown = text(root.get(page("ledgertransaction_change", debit.id)))
    assert bytes(second.entry_hash).hex() in shown
    for row in (first, third):
        assert page("ledgertransaction_change", row.pk) in shown
    [lot] = second.lot_movements
    assert page("creditlot_change", lot) in shown


def test_a_hold_is_released_in_the_admin(root, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        held = ledger.reserve(wallet=filled, amount=Decimal(40), key="call", ttl=SHORT, description="A call")
    url = page("hold_release", held.hold_id)
    assert url in text(root.get(page("wallet_change", filled.pk)))
    seen, sent = preview(root, url)
    assert figures(seen)["Available"] == ("60.00 USD", "100.00 USD")
    assert figures(seen)["Reserved"] == ("40.00 USD", "0.00 USD")
    assert root.post(url, sent).status_code == 302
    with platform_context():
        assert Hold.objects.get().status == "released"
    assert rows(filled)[-1].description == REASON["reason"]


def test_the_page_shows_balances_holds_and_the_cause_of_each_transaction(root, tenant, filled):
    event = uuid4()
    with platform_context(tenant_id=tenant.pk):
        ledger.reserve(
            wallet=filled, amount=Decimal(40), key="call", ttl=SHORT, reference=ledger.Reference("voice_call", event)
        )
        use = ledger.Reference(ledger.ReferenceKind.USAGE_EVENT, event)
        ledger.debit(wallet=filled, amount=Decimal(1), key="used", reference=use, description="4 minutes")
    shown = root.get(page("wallet_change", filled.pk)).context["page"]
    assert (shown.available, shown.reserved, shown.balance) == ("59.00 USD", "40.00 USD", "99.00 USD")
    [hold] = shown.holds
    assert (hold.amount, hold.cause.title, hold.is_due) == ("40.00 USD", "Voice call", False)
    assert [line.cause and line.cause.title for line in shown.rows] == ["Usage event", "Voice call", None]
    assert shown.rows[0].cause.url == reverse("admin:billing_usageevent_change", args=(event,))


def test_the_ledger_is_shown_newest_first_one_page_at_a_time(root, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        other = WalletFactory.create()
        ledger.topup(wallet=other, amount=Decimal(1), key="elsewhere", description="somebody else's")
        for number in range(TRANSACTIONS_PER_PAGE + 5):
            ledger.debit(wallet=filled, amount=Decimal("0.01"), key=f"debit-{number}")
    newest = root.get(page("wallet_change", filled.pk))
    assert "somebody else" not in text(newest)
    shown = newest.context["page"]
    assert [line.row.wallet_version for line in shown.rows] == list(range(TRANSACTIONS_PER_PAGE + 6, 6, -1))
    assert (shown.newer, shown.older) == (False, 7)
    older = root.get(page("wallet_change", filled.pk), {"before": shown.older}).context["page"]
    assert [line.row.wallet_version for line in older.rows] == [6, 5, 4, 3, 2, 1]
    assert (older.newer, older.older) == (True, None)
    for invalid in ("x", "-1", "9" * 40):
        assert root.get(page("wallet_change", filled.pk), {"before": invalid}).status_code == 200


def test_a_tenants_own_staff_set_the_threshold_but_post_and_release_nothing(admin_of, owner, admin, viewer, filled):
    with platform_context(tenant_id=filled.tenant_id):
        held = ledger.reserve(wallet=filled, amount=Decimal(40), key="call", ttl=SHORT)
    for person in (owner, admin):
        client = admin_of(person)
        shown = text(client.get(page("wallet_change", filled.pk)))
        for action in ("topup", "credit", "adjust", "suspend", "reactivate", "close"):
            assert page(f"wallet_{action}", filled.pk) not in shown
            assert (
                client.post(page(f"wallet_{action}", filled.pk), {"key": uuid4(), "amount": 5, **REASON}).status_code
                == 403
            )
        assert client.post(page("ledgertransaction_reverse", rows(filled)[0].pk), REASON).status_code == 403
        assert client.post(page("hold_release", held.hold_id), REASON).status_code == 403
        assert page("hold_release", held.hold_id) not in shown
        assert page("wallet_threshold", filled.pk) in shown
    confirm(admin_of(admin), page("wallet_threshold", filled.pk), amount="3")
    assert admin_of(viewer).get(page("wallet_change", filled.pk)).status_code == 403
    assert (stored(filled).low_balance_threshold, stored(filled).reserved_balance) == (3, 40)


def test_another_tenants_wallet_cannot_be_changed(admin_of, other_owner, filled):
    client = admin_of(other_owner)
    for name, key in (("wallet_threshold", filled.pk), ("ledgertransaction_reverse", rows(filled)[0].pk)):
        assert client.post(page(name, key), {"key": uuid4(), "amount": 5, **REASON}).status_code == 404
    with platform_context():
        assert Wallet.objects.get(pk=filled.pk).low_balance_threshold == filled.low_balance_threshold
