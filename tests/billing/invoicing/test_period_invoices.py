"""Period invoices match what the wallets were charged, line by line and exactly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from billing.ledger.models import Hold, LedgerTransaction
from billing.ledger.services import ledger, wallets
from billing.usage.services import charging, usage
from lad import writes
from lad.errors import Invalid, Refused
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.profiles import set_profile
from tests.billing.usage.metered import CALL
from tests.factories.billing import InvoiceFactory, PriceFactory
from tests.factories.tenants import TenantFactory
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import refuses
from tests.support.events import events

SPEECH = {"category": "stt", "provider": "openai", "model": "whisper-1", "unit": "second"}
JULY, AUGUST, SEPTEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (7, 8, 9))
NOON = datetime(2026, 8, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def listed(db):
    with platform_context():
        PriceFactory.create(**CALL, unit_price=Decimal("0.013"), effective_from=JULY - 400 * DAY)
        PriceFactory.create(**SPEECH, unit_price=Decimal("0.0001234567"), effective_from=JULY - 400 * DAY)


@pytest.fixture
def within(tenant, listed):
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(100), key="fund", now=JULY - 30 * DAY)
        yield


def use(key, at=NOON, feature="voice-agent", charged_at=None, **quantities):
    items = [
        {**each, "quantity": quantities[name]}
        for name, each in (("minutes", CALL), ("seconds", SPEECH))
        if name in quantities
    ]
    now = charged_at or at
    event = usage.record(feature_key=feature, items=items, key=key, occurred_at=at, now=now)
    return charging.charge(event=event, now=now)


def draft(start=AUGUST, end=SEPTEMBER, **values):
    return invoices.draft_for_period(period_start=start, period_end=end, **values)


def charged(start=AUGUST, end=SEPTEMBER):
    rows = LedgerTransaction.objects.filter(created_at__gte=start, created_at__lt=end)
    return -sum(row.amount for row in rows if row.transaction_type == "debit" or row.reverses_id)


def shown(row):
    return [(line["description"], line["quantity"], line["amount"], line["uses"]) for line in row.line_items]


def test_lines_are_by_feature_and_component_with_the_number_of_uses(within):
    use("a", minutes="10", seconds="33")
    use("b", minutes="2.5")
    use("c", feature="deals-pipeline", seconds="7")
    row = draft()
    assert shown(row) == [
        ("Speech to text: openai whisper-1, by the second", "7", "0.000864", 1),
        ("Speech to text: openai whisper-1, by the second", "33", "0.004074", 1),
        ("Telephony: twilio voice, by the minute", "12.5", "0.1625", 2),
    ]
    assert [line["feature_key"] for line in row.line_items] == ["deals-pipeline", "voice-agent", "voice-agent"]
    assert row.line_items[2]["unit_price"] == "0.013"
    assert row.subtotal == row.total == row.prepaid_amount == charged() == Decimal("0.167438")
    assert (row.kind, row.status, row.invoice_number, row.amount_due) == ("usage", "draft", "", 0)


def test_lines_are_in_the_language_that_the_invoice_is_issued_in(within):
    set_profile(language="fr", tax_rate=Decimal(0))
    use("a", minutes="10")
    row = draft()
    assert [line["description"] for line in row.line_items] == ["Téléphonie : twilio voice, par minute"]
    set_profile(language="de")
    issued = invoices.finalise(invoice=row)
    assert [line["description"] for line in issued.line_items] == ["Telefonie: twilio voice, je Minute"]
    assert issued.recipient["language"] == "de"


def test_a_price_change_starts_a_new_line(within, tenant):
    use("a", at=AUGUST + DAY, minutes="10")
    with platform_context():
        PriceFactory.create(**CALL, tenant_id=tenant.pk, unit_price=Decimal("0.02"), effective_from=NOON)
    use("b", at=NOON + DAY, minutes="10")
    assert [(line["unit_price"], line["amount"]) for line in draft().line_items] == [("0.013", "0.13"), ("0.02", "0.2")]


def test_reversals_within_the_period_are_not_invoiced(within):
    use("a", minutes="10")
    gone = use("b", minutes="5")
    usage.void(event=gone, reason="Dropped call", now=NOON + DAY)
    row = draft()
    assert shown(row) == [("Telephony: twilio voice, by the minute", "10", "0.13", 1)]
    assert row.subtotal == charged()


def test_later_reversals_are_on_the_later_invoice(within):
    use("a", minutes="10")
    gone = use("b", minutes="5")
    before = draft()
    invoices.finalise(invoice=before)
    usage.void(event=gone, reason="Dropped call", now=SEPTEMBER + DAY)
    after = draft(SEPTEMBER, SEPTEMBER + 30 * DAY)
    assert shown(after) == [("Telephony: twilio voice, by the minute (used in August 2026)", "-5", "-0.065", -1)]
    assert after.line_items[0]["used_in"] == "2026-08"
    assert (after.total, after.amount_due) == (Decimal("-0.065"), 0)
    assert before.subtotal + after.subtotal == charged(AUGUST, SEPTEMBER + 30 * DAY) == Decimal("0.13")


def test_late_usage_has_its_own_line_in_the_month_it_was_charged(within):
    use("a", minutes="10")
    use("late", at=AUGUST - timedelta(minutes=1), charged_at=AUGUST + DAY, minutes="3")
    assert shown(draft()) == [
        ("Telephony: twilio voice, by the minute", "10", "0.13", 1),
        ("Telephony: twilio voice, by the minute (used in July 2026)", "3", "0.039", 1),
    ]


def test_the_month_of_late_usage_follows_the_tenants_time_zone(within, tenant):
    with platform_context():
        tenant.timezone = "Asia/Dubai"
        tenant.save(update_fields=["timezone"])
    start = datetime(2026, 7, 31, 20, tzinfo=UTC)
    use("late", at=datetime(2026, 6, 30, 21, tzinfo=UTC), charged_at=start, minutes="3")
    [line] = draft(start, datetime(2026, 8, 31, 20, tzinfo=UTC)).line_items
    assert line["used_in"] == "2026-07"


@pytest.mark.parametrize(
    ("at", "within_it"), [(AUGUST, True), (SEPTEMBER, False), (AUGUST - timedelta(microseconds=1), False)]
)
def test_a_period_excludes_its_end(at, within_it, within):
    use("a", at=at, minutes="10")
    use("b", minutes="1")
    assert draft().line_items[0]["quantity"] == ("11" if within_it else "1")


def test_a_debit_without_usage_is_invoiced_as_it_is(within):
    use("a", minutes="10")
    ledger.debit(wallet=wallets.open_wallet(), amount=Decimal("1.5"), key="by-hand", now=NOON)
    row = draft()
    assert shown(row)[0] == ("Other charges", "1", "1.5", 1)
    assert row.subtotal == charged() == Decimal("1.63")


def test_the_capture_of_a_hold_is_invoiced_and_the_hold_is_not(within):
    wallet = wallets.open_wallet()
    ledger.reserve(wallet=wallet, amount=Decimal(5), key="hold", ttl=2 * DAY, now=NOON)
    ledger.capture(hold=Hold.objects.get(), amount=Decimal(2), key="capture", now=NOON + DAY)
    ledger.adjust(wallet=wallet, amount=Decimal(-3), key="adjust", reason="A mistake", now=NOON + DAY)
    assert draft().subtotal == 2


def test_moved_legacy_credits_are_not_invoiced_as_usage(within):
    use("a", minutes="10")
    ledger.debit(
        wallet=wallets.open_wallet(),
        amount=Decimal(7),
        key="moved",
        reference=ledger.Reference(ledger.ReferenceKind.LEGACY_CREDIT, wallets.open_wallet().pk),
        now=NOON,
    )
    assert draft().subtotal == Decimal("0.13")


def test_every_wallet_of_the_tenant_is_on_its_invoice(within, owner):
    theirs = wallets.open_wallet(user=owner)
    ledger.topup(wallet=theirs, amount=Decimal(5), key="theirs", now=NOON - DAY)
    ledger.debit(wallet=theirs, amount=Decimal(1), key="one", now=NOON)
    use("a", minutes="10")
    assert draft().subtotal == Decimal("1.13")


def test_the_invoice_leaves_out_other_tenants(within, other_tenant):
    use("a", minutes="10")
    with tenant_context(other_tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(5), key="fund", now=JULY)
        ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(1), key="one", now=NOON)
    assert draft().subtotal == Decimal("0.13")


def test_a_draft_is_redrafted_in_place(within):
    use("a", minutes="10")
    first = draft()
    use("b", minutes="10")
    again = draft()
    assert (again.pk, again.subtotal) == (first.pk, Decimal("0.26"))
    assert [event.aggregate_id for event in events("billing.invoice.drafted")] == [first.pk, first.pk]


def test_an_outdated_draft_cannot_be_finalised(within):
    use("a", minutes="10")
    row = draft()
    use("b", minutes="10")
    with pytest.raises(invoices.DraftOutdated):
        invoices.finalise(invoice=row)
    assert invoices.finalise(invoice=draft()).subtotal == Decimal("0.26")


def test_usage_paid_by_wallets_is_paid_when_the_invoice_is_finalised(within):
    use("a", minutes="10")
    row = invoices.finalise(invoice=draft())
    assert (row.status, row.payment_method, row.tax_lines, row.amount_due) == ("paid", "wallet", [], 0)
    assert (row.total, row.prepaid_amount) == (Decimal("0.13"), Decimal("0.13"))


def test_tax_due_on_use_is_invoiced(within):
    set_profile(tax_point="use", tax_rate=Decimal("0.2"), tax_name="GST")
    use("a", minutes="100")
    row = invoices.finalise(invoice=draft())
    assert row.tax_lines == [{"name": "GST", "rate": "0.2", "taxable": "1.3", "amount": "0.26"}]
    assert (row.status, row.total, row.amount_due) == ("pending", Decimal("1.56"), Decimal("0.26"))


def test_a_period_that_has_not_ended_cannot_be_drafted(within):
    use("a", minutes="10")
    with pytest.raises(invoices.PeriodNotOver):
        draft(now=SEPTEMBER - timedelta(microseconds=1))
    assert draft(now=SEPTEMBER).subtotal


def test_a_period_without_charges_cannot_be_drafted(within):
    with pytest.raises(invoices.NothingUsed):
        draft()


def test_usage_is_not_invoiced_twice(within):
    use("a", minutes="10")
    row = invoices.finalise(invoice=draft())
    for start, end in ((AUGUST, SEPTEMBER), (NOON, SEPTEMBER + 15 * DAY), (NOON, NOON + DAY)):
        with pytest.raises(invoices.PeriodInvoiced, match=row.invoice_number):
            draft(start, end)


def test_the_database_refuses_overlapping_periods(within):
    use("a", minutes="10")
    draft()
    with pytest.raises(Refused, match="Another invoice covers usage of this period"):
        writes.create(Invoice, {"kind": "usage", "period_start": NOON, "period_end": NOON + DAY, "line_items": []})


def test_a_voided_invoice_makes_room_for_another(within):
    use("a", minutes="10")
    row = draft()
    invoices.void(invoice=row, reason="Start again")
    assert draft().pk != row.pk


def test_an_invoice_by_hand_may_cover_any_period(within):
    use("a", minutes="10")
    draft()
    assert InvoiceFactory.create(period_start=AUGUST, period_end=SEPTEMBER).pk


def test_values_from_the_ledger_cannot_be_edited(within):
    use("a", minutes="10")
    row = draft()
    for name, value in (("line_items", []), ("period_end", NOON), ("currency", "EUR")):
        with refuses(Invalid) as caught:
            writes.update(row, {name: value})
        assert name in caught.value.errors
        row.refresh_from_db()
    due = timezone.now() + DAY
    assert writes.update(row, {"due_at": due}).due_at == due
    with refuses(Invalid) as caught:
        writes.update(row, {"due_at": NOON})
    assert "has passed" in caught.value.errors["due_at"][0]


@pytest.mark.django_db(transaction=True)
def test_drafting_waits_for_postings_in_progress():
    with platform_context():
        tenant = TenantFactory.create()
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        ledger.topup(wallet=wallet, amount=Decimal(5), key="fund", now=JULY)
        ledger.debit(wallet=wallet, amount=Decimal(1), key="one", now=NOON)
    drafted = []

    def draft_it():
        with tenant_context(tenant.pk):
            drafted.append(draft().subtotal)

    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet, amount=Decimal(2), key="two", now=NOON)
        drafter = ConcurrentWork(draft_it)
        wait_until_blocked()
        assert not drafted
    assert drafter.succeeded()
    assert drafted == [Decimal(3)]


def test_a_package_or_tier_line_shows_the_average_price_and_its_terms(within):
    sms, page = ({**CALL, "model": model, "unit": "message"} for model in ("sms", "fax"))
    tiers = [{"up_to": "10", "unit_price": "0.03"}, {"up_to": None, "unit_price": "0.01"}]
    with platform_context():
        since = JULY - 400 * DAY
        package = {"scheme": "package", "package_size": Decimal(25), "unit_price": Decimal("0.16")}
        of_packages = PriceFactory.create(**sms, **package, effective_from=since)
        PriceFactory.create(**page, scheme="graduated", tiers=tiers, unit_price=Decimal("0.03"), effective_from=since)
    for key, quantity in (("a", "30"), ("b", "20")):
        items = [{**sms, "quantity": quantity}, {**page, "quantity": quantity}]
        event = usage.record(feature_key="campaigns", items=items, key=key, occurred_at=NOON, now=NOON)
        charging.charge(event=event, now=NOON)
    row = draft()
    assert shown(row) == [
        ("Telephony: twilio fax, by the message, graduated price, average shown", "50", "0.9", 2),
        ("Telephony: twilio sms, by the message, in packages of 25 at 0.16", "50", "0.48", 2),
    ]
    assert [line["unit_price"] for line in row.line_items] == ["0.018", "0.0096"]
    assert (row.line_items[1]["scheme"], row.line_items[1]["price_id"]) == ("package", str(of_packages.pk))
    for line in row.line_items:
        assert Decimal(line["quantity"]) * Decimal(line["unit_price"]) == Decimal(line["amount"])
    assert row.subtotal == charged()
