"""The page of a wallet: what it shows, and money moved by hand after a second look."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.ledger.admin.wallet_page import ROWS
from billing.ledger.models import CreditLot, Hold, LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.pricing.models import Price
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.tenancy.context import platform_context
from tests.billing.ledger.test_wallets import as_now, page
from tests.factories.billing import WalletFactory
from tests.tenants.helpers import events

REASON = {"reason": "Asked for by the customer"}
SHORT = timedelta(minutes=5)


@pytest.fixture
def filled(tenant, wallet):
    """The tenant's wallet with 100 in it."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(100), key="first", description="The first hundred")
    return as_now(wallet)


@pytest.fixture
def spend(filled):
    """``spend(amount)`` takes that much from the wallet."""

    def debit(amount):
        with platform_context(tenant_id=filled.tenant_id):
            return ledger.debit(wallet=filled, amount=Decimal(amount), key=f"spent-{uuid4()}")

    return debit


def text(response):
    return " ".join(response.content.decode().split())


def rows(wallet):
    with platform_context():
        return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def look(browser, url, **entries):
    """The second look at what was entered, and what its page would send to confirm it."""
    sent = {"key": str(uuid4()), **REASON, **entries}
    response = browser.post(url, sent)
    assert response.status_code == 200, response
    seen = response.context.get("look")
    assert seen is not None, response.context["form"].errors
    return seen, {**sent, "_seen": seen.digest}


def figures(seen):
    return {move.what: (move.before, move.after) for move in seen.moves}


def confirm(browser, url, **entries):
    """Enter, look again, confirm."""
    _seen, sent = look(browser, url, **entries)
    response = browser.post(url, sent, follow=True)
    assert response.redirect_chain, text(response)
    return response


def test_topping_up_shows_what_will_be_posted_and_posts_it_only_when_confirmed(root, filled, superuser):
    url = page("wallet_topup", filled.pk)
    seen, sent = look(root, url, amount="50.5")
    assert figures(seen) == {
        "Available": ("100.00 USD", "150.50 USD"),
        "Reserved": ("0.00 USD", "0.00 USD"),
        "Balance": ("100.00 USD", "150.50 USD"),
    }
    assert ("Posts", "Top-up +50.50 USD") in seen.facts
    assert as_now(filled).current_balance == 100
    assert root.post(url, sent).status_code == 302
    _first, posted = rows(filled)
    assert (posted.amount, posted.transaction_type, posted.description) == (Decimal("50.5"), "topup", REASON["reason"])
    assert (posted.created_by_id, posted.reference_type) == (superuser.pk, "manual")


def test_a_form_that_is_sent_twice_posts_once(root, filled):
    url = page("wallet_topup", filled.pk)
    _seen, sent = look(root, url, amount="50")
    for _time in range(3):
        assert "Posted as row 2: 150.00 USD are available." in text(root.post(url, sent, follow=True))
    assert as_now(filled).current_balance == 150


def test_each_opening_of_the_form_is_another_posting(root, filled):
    url = page("wallet_topup", filled.pk)
    keys = {root.get(url).context["form"]["key"].value() for _time in range(2)}
    assert len(keys) == 2


def test_granted_credit_is_used_before_bought_and_lasts_to_the_end_of_its_last_day(root, filled, spend):
    last_day = (timezone.now() + timedelta(days=9)).date()
    confirm(root, page("wallet_credit", filled.pk), amount="10", last_day=last_day.isoformat())
    with platform_context():
        granted, bought = CreditLot.objects.order_by("priority")
    assert granted.expires_at.isoformat() == f"{last_day + timedelta(days=1)}T00:00:00+00:00"
    assert (granted.priority, bought.priority) == (20, 50)
    spend(4)
    shown = root.get(page("wallet_change", filled.pk)).context["page"].lots
    assert [(lot.kind, lot.left, lot.share) for lot in shown] == [
        ("Granted", "6.00 USD", 60),
        ("Bought", "100.00 USD", 100),
    ]
    yesterday = timezone.now() - timedelta(days=1)
    refused = root.post(
        page("wallet_credit", filled.pk), {"key": uuid4(), "amount": 1, "last_day": f"{yesterday:%Y-%m-%d}", **REASON}
    )
    assert "This day is over." in text(refused)


def test_an_adjustment_goes_either_way_but_never_below_nothing(root, filled):
    url = page("wallet_adjust", filled.pk)
    confirm(root, url, amount="-30")
    confirm(root, url, amount="0.000001")
    assert as_now(filled).current_balance == Decimal("70.000001")
    refused = root.post(url, {"key": uuid4(), "amount": "-71", **REASON})
    assert "70.000001 are available" in text(refused)
    assert "changes nothing" in text(root.post(url, {"key": uuid4(), "amount": "0", **REASON}))
    assert [row.amount for row in rows(filled)] == [100, -30, Decimal("0.000001")]


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e3x", "0.0000001", "1000000000000"])
def test_what_is_no_amount_is_refused_on_the_form(amount, root, filled):
    response = root.post(page("wallet_topup", filled.pk), {"key": uuid4(), "amount": amount, **REASON})
    assert response.context["look"] is None
    assert response.context["form"].errors["amount"]


def test_money_is_not_moved_without_a_reason_or_without_the_forms_key(root, filled):
    url = page("wallet_topup", filled.pk)
    for missing in ({"key": uuid4(), "amount": 5}, {"amount": 5, **REASON}):
        assert root.post(url, missing).context["look"] is None
    assert len(rows(filled)) == 1


def test_back_to_the_entries_keeps_them_and_posts_nothing(root, filled):
    url = page("wallet_topup", filled.pk)
    _seen, sent = look(root, url, amount="12")
    response = root.post(url, {**sent, "_edit": "1"})
    form = response.context["form"]
    assert (form["amount"].value(), form["key"].value(), response.context["look"]) == ("12", sent["key"], None)
    assert len(rows(filled)) == 1


def test_the_balance_may_move_between_look_and_confirmation_but_not_what_is_posted(root, filled, spend):
    url = page("wallet_topup", filled.pk)
    _seen, sent = look(root, url, amount="5")
    spend(1)
    assert root.post(url, sent).status_code == 302
    assert as_now(filled).current_balance == 104
    _seen, sent = look(root, url, amount="5")
    response = root.post(url, {**sent, "amount": "500"})
    assert "Something changed after you looked" in text(response)
    assert as_now(filled).current_balance == 104


def test_a_suspended_wallet_takes_money_and_a_closed_one_nothing(root, filled, spend):
    confirm(root, page("wallet_suspend", filled.pk))
    confirm(root, page("wallet_topup", filled.pk), amount="1")
    with pytest.raises(ledger.WalletSuspended):
        spend(1)
    confirm(root, page("wallet_reactivate", filled.pk))
    spend(101)
    confirm(root, page("wallet_close", filled.pk))
    assert as_now(filled).status == "closed"
    assert "does not apply" in text(root.post(page("wallet_topup", filled.pk), {"amount": 1}, follow=True))


def test_a_status_is_changed_with_a_reason_after_a_second_look(root, wallet, superuser):
    for action, status, event, before in (
        ("suspend", "Suspended", "suspended", "active"),
        ("reactivate", "Active", "reactivated", "suspended"),
        ("close", "Closed", "closed", "active"),
    ):
        seen, sent = look(root, page(f"wallet_{action}", wallet.pk))
        assert figures(seen) == {"Status": (before.capitalize(), status)}
        assert as_now(wallet).status == before
        assert events(f"billing.wallet.{event}") == []
        assert root.post(page(f"wallet_{action}", wallet.pk), sent).status_code == 302
        assert as_now(wallet).status == status.lower()
        [told] = events(f"billing.wallet.{event}")
        assert told.payload == {"before": before, **REASON}
        assert told.metadata["actor_id"] == str(superuser.pk)


def test_a_wallet_that_holds_money_is_not_closed(root, filled):
    response = root.post(page("wallet_close", filled.pk), REASON)
    assert "still holds money" in text(response)
    assert as_now(filled).status == "active"
    assert events("billing.wallet.closed") == []


def test_the_threshold_is_set_with_a_reason_and_may_be_removed(root, filled):
    url = page("wallet_threshold", filled.pk)
    seen, sent = look(root, url, amount="250")
    assert figures(seen)["Told below"][1] == "250.00 USD"
    assert seen.warnings == ["Less than that is available now: the next use tells the tenant."]
    assert root.post(url, sent).status_code == 302
    assert as_now(filled).low_balance_threshold == 250
    confirm(root, url, amount="")
    assert as_now(filled).low_balance_threshold is None
    assert [told.payload["reason"] for told in events("billing.wallet.threshold_set")] == [REASON["reason"]] * 2


def test_a_row_of_the_ledger_is_reversed_once_and_both_rows_lead_to_each_other(root, filled, spend):
    debit = spend(30)
    url = page("ledgertransaction_reverse", debit.id)
    seen, sent = look(root, url)
    assert figures(seen)["Available"] == ("70.00 USD", "100.00 USD")
    assert ("Takes back", "Debit -30.00, row 2") in seen.facts
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
    assert (event.status, as_now(filled).current_balance) == ("charged", 98)
    url = page("ledgertransaction_reverse", event.ledger_transaction_id)
    seen, sent = look(root, url)
    assert figures(seen)["Available"] == ("98.00 USD", "100.00 USD")
    assert "Voids" in dict(seen.facts)
    with platform_context():
        assert UsageEvent.objects.get().status == "charged"
    for _time in range(2):
        assert root.post(url, sent).status_code == 302
    with platform_context():
        assert (UsageEvent.objects.get().status, UsageEvent.objects.get().void_reason) == ("voided", REASON["reason"])
    assert (as_now(filled).current_balance, len(rows(filled))) == (100, 3)


def test_what_was_spent_is_not_taken_back_from_where_it_came_in(root, filled, spend):
    spend(30)
    first = rows(filled)[0]
    response = root.post(page("ledgertransaction_reverse", first.pk), {"key": uuid4(), **REASON})
    assert response.context["look"] is None
    assert response.context["form"].non_field_errors()
    assert len(rows(filled)) == 2


def test_a_row_shows_everything_it_says_and_those_around_it(root, filled, spend):
    debit = spend(30)
    spend(1)
    first, second, third = rows(filled)
    shown = text(root.get(page("ledgertransaction_change", debit.id)))
    assert bytes(second.entry_hash).hex() in shown
    for row in (first, third):
        assert page("ledgertransaction_change", row.pk) in shown
    [lot] = second.lot_movements
    assert page("creditlot_change", lot) in shown


def test_a_hold_is_released_by_hand(root, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        held = ledger.reserve(wallet=filled, amount=Decimal(40), key="call", ttl=SHORT, description="A call")
    url = page("hold_release", held.hold_id)
    assert url in text(root.get(page("wallet_change", filled.pk)))
    seen, sent = look(root, url)
    assert figures(seen)["Available"] == ("60.00 USD", "100.00 USD")
    assert figures(seen)["Reserved"] == ("40.00 USD", "0.00 USD")
    assert root.post(url, sent).status_code == 302
    with platform_context():
        assert Hold.objects.get().status == "released"
    assert rows(filled)[-1].description == REASON["reason"]


def test_the_page_shows_balances_holds_and_the_cause_of_each_row(root, tenant, filled):
    event = uuid4()
    with platform_context(tenant_id=tenant.pk):
        ledger.reserve(
            wallet=filled, amount=Decimal(40), key="call", ttl=SHORT, reference=ledger.Reference("voice_call", event)
        )
        use = ledger.Reference("usage_event", event)
        ledger.debit(wallet=filled, amount=Decimal(1), key="used", reference=use, description="4 minutes")
    shown = root.get(page("wallet_change", filled.pk)).context["page"]
    assert (shown.available, shown.reserved, shown.balance) == ("59.00 USD", "40.00 USD", "99.00 USD")
    [hold] = shown.holds
    assert (hold.amount, hold.cause.title, hold.is_due) == ("40.00 USD", "Voice call", False)
    assert [line.cause and line.cause.title for line in shown.rows] == ["Usage event", "Voice call", None]
    assert shown.rows[0].cause.url == reverse("admin:billing_usageevent_change", args=(event,))


def test_the_ledger_is_shown_newest_first_and_older_rows_a_page_at_a_time(root, tenant, filled):
    with platform_context(tenant_id=tenant.pk):
        other = WalletFactory.create()
        ledger.topup(wallet=other, amount=Decimal(1), key="elsewhere", description="somebody else's")
        for number in range(ROWS + 5):
            ledger.debit(wallet=filled, amount=Decimal("0.01"), key=f"debit-{number}")
    newest = root.get(page("wallet_change", filled.pk))
    assert "somebody else" not in text(newest)
    shown = newest.context["page"]
    assert [line.row.wallet_version for line in shown.rows] == list(range(ROWS + 6, 6, -1))
    assert (shown.newer, shown.older) == (False, 7)
    older = root.get(page("wallet_change", filled.pk), {"before": shown.older}).context["page"]
    assert [line.row.wallet_version for line in older.rows] == [6, 5, 4, 3, 2, 1]
    assert (older.newer, older.older) == (True, None)
    for nonsense in ("x", "-1", "9" * 40):
        assert root.get(page("wallet_change", filled.pk), {"before": nonsense}).status_code == 200


def test_a_tenants_own_staff_look_release_and_set_the_threshold_but_move_no_money(
    browser, owner, admin, viewer, filled
):
    with platform_context(tenant_id=filled.tenant_id):
        held = ledger.reserve(wallet=filled, amount=Decimal(40), key="call", ttl=SHORT)
    for person in (owner, admin):
        client = browser(person)
        shown = text(client.get(page("wallet_change", filled.pk)))
        for action in ("topup", "credit", "adjust", "suspend", "reactivate", "close"):
            assert page(f"wallet_{action}", filled.pk) not in shown
            assert (
                client.post(page(f"wallet_{action}", filled.pk), {"key": uuid4(), "amount": 5, **REASON}).status_code
                == 403
            )
        assert client.post(page("ledgertransaction_reverse", rows(filled)[0].pk), REASON).status_code == 403
        assert page("wallet_threshold", filled.pk) in shown
    confirm(browser(admin), page("wallet_threshold", filled.pk), amount="3")
    confirm(browser(owner), page("hold_release", held.hold_id))
    assert browser(viewer).get(page("wallet_change", filled.pk)).status_code == 403
    assert (as_now(filled).low_balance_threshold, as_now(filled).reserved_balance) == (3, 0)


def test_another_tenants_wallet_cannot_be_moved(browser, other_owner, filled):
    client = browser(other_owner)
    for name, key in (("wallet_threshold", filled.pk), ("ledgertransaction_reverse", rows(filled)[0].pk)):
        assert client.post(page(name, key), {"key": uuid4(), "amount": 5, **REASON}).status_code == 404
    with platform_context():
        assert Wallet.objects.get(pk=filled.pk).low_balance_threshold == filled.low_balance_threshold
