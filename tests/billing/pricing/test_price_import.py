"""Price changes and price sheets, with their previews."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from billing.pricing.models import Price
from billing.pricing.services import price_sheet, prices, repricing
from billing.pricing.services.price_sheet import LineOutcome
from billing.pricing.services.prices import PriceTerms
from billing.usage.services import usage
from lad import writes
from lad.admin.actions import PREVIEW_DIGEST
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import PriceFactory
from tests.support.events import events

CALL = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute"}
LINE = "telephony,twilio,voice,minute"
HEAD = "category,provider,model,unit,unit_price"
TIERS: list[dict[str, Any]] = [
    {"up_to": "5", "unit_price": "0.02"},
    {"up_to": None, "unit_price": "0.01", "flat_fee": "0.1"},
]

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def listed(db):
    """A common price per minute, in force for a year."""
    with platform_context():
        return PriceFactory.create(**CALL, unit_price=Decimal("0.013"), effective_from=LONG_AGO)


def use(tenant, key, quantity="10", days=3):
    with tenant_context(tenant.pk):
        return usage.record(
            feature_key="voice-agent",
            items=[{**CALL, "quantity": quantity}],
            key=key,
            occurred_at=timezone.now() - timedelta(days=days),
        )


def effect(price, terms):
    with platform_context():
        return repricing.effect_of(price=price, terms=terms, now=timezone.now())


def read(text, **options):
    with platform_context():
        return price_sheet.import_csv(text, **options)


def exported():
    with platform_context():
        return price_sheet.to_csv(price_sheet.prices_to_export(timezone.now()))


def state():
    with platform_context():
        names = [field.attname for field in Price._meta.fields if field.name != "updated_at"]
        return list(Price.objects.order_by("pk").values_list(*names))


def outcomes(outcome):
    return [(line.number, line.outcome) for line in outcome.lines]


def test_last_months_usage_is_priced_again_at_the_new_terms_by_tenant(tenant, other_tenant, listed):
    for number in range(3):
        use(tenant, f"call-{number}")
    use(other_tenant, "call", "2")
    found = effect(listed, PriceTerms(scheme="graduated", tiers=TIERS))
    assert [(each.tenant, each.uses, each.before, each.after) for each in found.tenants] == [
        (tenant, 3, Decimal("0.39"), Decimal("0.75")),
        (other_tenant, 1, Decimal("0.026"), Decimal("0.04")),
    ]
    assert (found.uses, found.before, found.after) == (4, Decimal("0.416"), Decimal("0.79"))


def test_usage_of_earlier_versions_is_priced_again_and_other_usage_is_not(tenant, listed):
    use(tenant, "before")
    with platform_context():
        now = prices.change(price=listed, unit_price=Decimal("0.02"))
        PriceFactory.create(**{**CALL, "model": "sms"}, effective_from=timezone.now() - timedelta(days=9))
    with tenant_context(tenant.pk):
        usage.record(feature_key="x", items=[{**CALL, "model": "sms", "quantity": "1"}], key="other")
        usage.void(event=use(tenant, "void"), reason="Mistake")
    use(tenant, "too long ago", days=35)
    found = effect(now, PriceTerms(Decimal(1)))
    assert (found.uses, found.before, found.after) == (1, Decimal("0.13"), Decimal(10))


def test_a_tenants_own_price_affects_only_that_tenant(tenant, other_tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        own = PriceFactory.create(**CALL, effective_from=timezone.now() - timedelta(days=90))
    use(tenant, "ours")
    use(other_tenant, "theirs")
    assert [each.tenant for each in effect(own, PriceTerms(Decimal(1))).tenants] == [tenant]


def test_only_the_newest_events_are_priced_again_and_the_tenant_is_named(tenant, listed, monkeypatch):
    monkeypatch.setattr(repricing, "MAX_EVENTS_PER_TENANT", 2)
    for number in range(3):
        use(tenant, f"call-{number}")
    found = effect(listed, PriceTerms(Decimal(1)))
    assert (found.uses, found.partial) == (2, [tenant])


def test_staff_see_what_a_change_would_have_cost_before_they_confirm_it(root, tenant, listed):
    use(tenant, "call")
    url = reverse("admin:billing_price_change_price", args=[listed.pk])
    entries = {"scheme": "package", "unit_price": "0.5", "package_size": "8"}
    preview = root.post(url, entries)
    page = preview.content.decode()
    assert "0.13 USD" in page and "1.00 USD" in page and tenant.name in page
    assert len(state()) == 1
    root.post(url, {**entries, PREVIEW_DIGEST: preview.context["preview"].digest})
    with platform_context():
        new = Price.objects.get(version=2)
    assert (new.scheme, new.package_size, new.unit_price) == ("package", 8, Decimal("0.5"))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"unit_price": ""}, "Give the new price."),
        ({"scheme": "package", "unit_price": "1"}, "Package prices need a size"),
        ({"scheme": "volume", "tiers": "[]"}, "tiered prices tiers"),
        ({"scheme": "volume", "tiers": '[{"up_to": "1", "unit_price": "1"}]'}, "The last tier must be open-ended"),
        ({"unit_price": "1", "effective_from": "2020-01-01 00:00"}, "Choose a time in the future"),
    ],
    ids=str,
)
def test_invalid_terms_are_refused_before_the_preview(entries, message, root, listed):
    answer = root.post(reverse("admin:billing_price_change_price", args=[listed.pk]), entries)
    assert answer.context["preview"] is None
    assert message in answer.content.decode()


def test_an_exported_list_is_read_back_unchanged(tenant, listed):
    now = timezone.now()
    with platform_context():
        writes.create(Price, {**CALL, "model": "fax", "scheme": "volume", "tiers": TIERS})
        prices.change(price=listed, unit_price=Decimal("0.0125"), effective_from=now + timedelta(days=3))
        PriceFactory.create(model="*", description='Says "all", and; more', effective_to=now + timedelta(days=99))
    with platform_context(tenant_id=tenant.pk):
        writes.create(Price, {**CALL, "tenant": tenant, "scheme": "package", "unit_price": 3, "package_size": 100})
    before = state()
    outcome = read(exported(), confirmed=True)
    assert [line.outcome for line in outcome.lines] == [LineOutcome.UNCHANGED] * 5
    assert (outcome.done, outcome.acceptable, state()) == (False, False, before)


def test_an_exported_list_fills_an_empty_one(tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        writes.create(Price, {**CALL, "tenant": tenant, "scheme": "graduated", "tiers": TIERS})
    sheet = exported()
    with platform_context():
        Price.all_objects.all().delete()
    outcome = read(sheet, confirmed=True)
    assert (outcome.done, outcome.count(LineOutcome.ADDED), exported()) == (True, 2, sheet)


def test_a_sheet_adds_changes_and_keeps_prices(listed):
    with platform_context():
        PriceFactory.create(**{**CALL, "model": "sms", "unit": "message"}, unit_price="0.0075", effective_from=LONG_AGO)
    sheet = f"{HEAD}\n{LINE},0.014\ntelephony,Twilio,sms,messages,0.00750\ntelephony,twilio,*,minute,0.05\n"
    preview = read(sheet)
    assert outcomes(preview) == [(2, "changed"), (3, "unchanged"), (4, "added")]
    assert preview.lines[0].detail == "0.013 per minute → 0.014 per minute, version 2"
    assert (preview.done, preview.acceptable, len(state())) == (False, True, 2)
    done = read(sheet, confirmed=True)
    assert (done.done, outcomes(done)) == (True, outcomes(preview))
    with platform_context():
        old, new = Price.objects.filter(model="voice").order_by("version")
        assert (old.effective_to, new.unit_price, new.version) == (new.effective_from, Decimal("0.014"), 2)
        assert Price.objects.filter(model="*").exists()


def test_one_refused_line_stops_the_whole_import(listed):
    before = state()
    sheet = f"{HEAD}\n{LINE},0.014\ntelephony,twilio,sms,hour,1\n"
    outcome = read(sheet, confirmed=True)
    assert outcomes(outcome) == [(2, "changed"), (3, "refused")]
    assert (outcome.done, outcome.acceptable, state()) == (False, False, before)
    assert outcome.lines[1].detail.startswith("unit: One of: record, token, second")


def test_a_price_change_is_announced_on_import_but_not_on_preview(tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        PriceFactory.create(**CALL, effective_from=LONG_AGO)
    sheet = f"tenant,{HEAD}\n{tenant.slug},{LINE},0.014\n"
    read(sheet)
    with platform_context():
        assert events("billing.price.changed", tenant.pk) == []
    read(sheet, confirmed=True)
    with platform_context():
        assert len(events("billing.price.changed", tenant.pk)) == 1


@pytest.mark.parametrize(
    ("columns", "cells", "message"),
    [
        ("", "1.2.3", "unit_price: Write a number with a decimal point"),
        ("", "-1", "A price cannot be negative."),
        ("", "", "unit_price: Give a price."),
        ("", "1,more", "more cells"),
        (",tenant", "1,nobody", "tenant: There is no tenant nobody."),
        (",scheme", "1,auction", "scheme: One of: unit, package"),
        (",scheme", "1,package", "Package prices need a size"),
        (",scheme,tiers", ",volume,cheap", "tiers: Write a JSON list"),
        (",scheme,tiers", ",volume,[]", "tiered prices tiers"),
        (",effective_from", "1,yesterday", "effective_from: Write a date and time"),
        (",effective_from", "1,2025-06-01", "past usage keeps its price"),
        (",effective_to", "1,2025-06-01", "effective_to"),
    ],
)
def test_a_refused_line_gives_the_reason(columns, cells, message, listed):
    outcome = read(f"{HEAD}{columns}\n{LINE},{cells}\n")
    assert outcomes(outcome) == [(2, "refused")]
    assert message in outcome.lines[0].detail


def test_a_component_may_occur_once_per_start_time(listed):
    outcome = read(f"{HEAD}\n{LINE},0.014\n{LINE},0.015\n")
    assert outcomes(outcome) == [(2, "changed"), (3, "refused")]
    assert outcome.lines[1].detail == "Line 2 already prices this component from the same time."


def test_a_price_in_force_can_be_described_and_ended_but_not_changed(listed):
    ends = timezone.now().replace(microsecond=0) + timedelta(days=9)
    since = listed.effective_from.isoformat()
    head = f"{HEAD},description,effective_from,effective_to"
    assert outcomes(read(f"{head}\n{LINE},0.02,,{since},\n")) == [(2, "refused")]
    assert read(f"{head}\n{LINE},0.013,Calls,{since},{ends.isoformat()}\n", confirmed=True).done
    with platform_context():
        listed.refresh_from_db()
    assert (listed.description, listed.effective_to, listed.version) == ("Calls", ends, 1)


def test_missing_columns_change_nothing(listed):
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(description="Calls", effective_to=timezone.now() + timedelta(days=9))
    outcome = read(f"{HEAD},effective_from\n{LINE},0.013,{listed.effective_from.isoformat()}\n")
    assert outcomes(outcome) == [(2, "unchanged")]


def test_a_sheet_with_semicolons_and_a_byte_order_mark_is_read(listed):
    sheet = f"\ufeff{HEAD};tiers;scheme".replace(",", ";") + '\n"telephony";twilio;fax;minute;;"[{""up_to"": null, '
    outcome = read(sheet + '""unit_price"": ""0.5""}]";volume\n')
    assert outcomes(outcome) == [(2, "added")]
    assert "beyond 0.5" in outcome.lines[0].detail


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("", "lacks the columns category, provider, model, unit, unit_price"),
        (HEAD, "only a header"),
        (f"{HEAD},colour\n{LINE},1,red", "Unknown columns: colour. Known: tenant, category"),
        (f"{HEAD},unit\n{LINE},1,minute", "twice"),
        (f"{HEAD}\n" + f"{LINE},1\n" * (price_sheet.MAX_LINES + 1), "at most 1,000 lines"),
        ("x" * (price_sheet.MAX_CHARACTERS + 1), "at most 1,000,000 characters"),
    ],
    ids=["empty", "no lines", "unknown column", "column twice", "too many lines", "too large"],
)
def test_a_file_that_is_not_a_price_sheet_is_refused(sheet, message, db):
    with pytest.raises(Invalid) as caught:
        read(sheet)
    assert message in caught.value.errors["file"][0]


def upload(client, text):
    file = SimpleUploadedFile("prices.csv", text.encode(), content_type="text/csv")
    return client.post(reverse("admin:price_import"), {"file": file})


def test_platform_staff_upload_preview_and_confirm(root, listed):
    assert root.get(reverse("admin:price_import")).status_code == 200
    sheet = f"{HEAD}\n{LINE},0.014\n"
    page = upload(root, sheet).content.decode()
    assert "0.013 per minute → 0.014 per minute, version 2" in page and "1 changed" in page
    assert len(state()) == 1
    answer = root.post(reverse("admin:price_import"), {"sheet": sheet, "confirmed": ""}, follow=True)
    assert "0 prices were added and 1 changed." in answer.content.decode()
    assert len(state()) == 2


def test_a_sheet_with_a_refused_line_cannot_be_confirmed(root, listed):
    sheet = f"{HEAD}\n{LINE},cheap\n"
    page = upload(root, sheet).content.decode()
    assert "Nothing can be imported" in page and 'name="confirmed"' not in page
    root.post(reverse("admin:price_import"), {"sheet": sheet, "confirmed": ""})
    assert len(state()) == 1


def test_an_uploaded_file_that_is_not_a_sheet_shows_an_error(root, listed):
    file = SimpleUploadedFile("prices.csv", "größe".encode("latin-1"), content_type="text/csv")
    assert "The file is not UTF-8" in root.post(reverse("admin:price_import"), {"file": file}).content.decode()
    assert "The header lacks the columns category" in upload(root, "hello\n").content.decode()


def test_tenant_staff_cannot_import_and_export_only_what_they_see(admin_of, owner, other_owner, tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        PriceFactory.create(**CALL, unit_price="0.009", effective_from=LONG_AGO)
    assert upload(admin_of(owner), f"{HEAD}\n{LINE},0.001\n").status_code == 403
    ours, theirs = (admin_of(user).get(reverse("admin:price_export")) for user in (owner, other_owner))
    assert re.match(r'attachment; filename="lad-prices-\d{4}-\d\d-\d\d\.csv"', ours["Content-Disposition"])
    assert "0.009" in ours.content.decode() and "0.009" not in theirs.content.decode()
    assert f",{LINE},unit,0.013" in theirs.content.decode()


def test_the_price_list_offers_import_to_the_platform_only(root, admin_of, owner, listed):
    where = reverse("admin:price_import")
    assert where in root.get(reverse("admin:price_list")).content.decode()
    assert where not in admin_of(owner).get(reverse("admin:price_list")).content.decode()
