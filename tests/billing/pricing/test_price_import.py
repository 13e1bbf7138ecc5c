"""Changing prices with a look first: what a change would have cost, and sheets of many prices."""

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
from billing.pricing.services.price_sheet import Verdict
from billing.pricing.services.prices import Terms
from billing.usage.services import usage
from lad import writes
from lad.admin.actions import SEEN
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import PriceFactory
from tests.tenants.helpers import events

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
    """A common price of a minute, since long."""
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
        return price_sheet.read(text, **options)


def exported():
    with platform_context():
        return price_sheet.write(price_sheet.listed(timezone.now()))


def state():
    with platform_context():
        names = [field.attname for field in Price._meta.fields if field.name != "updated_at"]
        return list(Price.objects.order_by("pk").values_list(*names))


def said(outcome):
    return [(line.number, line.verdict) for line in outcome.lines]


def test_the_last_month_is_priced_again_at_the_new_terms_by_tenant(tenant, other_tenant, listed):
    for number in range(3):
        use(tenant, f"call-{number}")
    use(other_tenant, "call", "2")
    found = effect(listed, Terms(scheme="graduated", tiers=TIERS))
    assert [(each.tenant, each.uses, each.before, each.after) for each in found.tenants] == [
        (tenant, 3, Decimal("0.39"), Decimal("0.75")),
        (other_tenant, 1, Decimal("0.026"), Decimal("0.04")),
    ]
    assert (found.uses, found.before, found.after) == (4, Decimal("0.416"), Decimal("0.79"))


def test_use_of_a_former_version_is_priced_again_too_and_other_use_is_not(tenant, listed):
    use(tenant, "before")
    with platform_context():
        now = prices.change(price=listed, unit_price=Decimal("0.02"))
        PriceFactory.create(**{**CALL, "model": "sms"}, effective_from=timezone.now() - timedelta(days=9))
    with tenant_context(tenant.pk):
        usage.record(feature_key="x", items=[{**CALL, "model": "sms", "quantity": "1"}], key="other")
        usage.void(event=use(tenant, "void"), reason="Mistake")
    use(tenant, "too long ago", days=35)
    found = effect(now, Terms(Decimal(1)))
    assert (found.uses, found.before, found.after) == (1, Decimal("0.13"), Decimal(10))


def test_the_effect_of_a_tenants_own_price_is_that_tenants_alone(tenant, other_tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        own = PriceFactory.create(**CALL, effective_from=timezone.now() - timedelta(days=90))
    use(tenant, "ours")
    use(other_tenant, "theirs")
    assert [each.tenant for each in effect(own, Terms(Decimal(1))).tenants] == [tenant]


def test_of_very_many_uses_the_newest_are_looked_at_and_it_is_said(tenant, listed, monkeypatch):
    monkeypatch.setattr(repricing, "MOST_EVENTS", 2)
    for number in range(3):
        use(tenant, f"call-{number}")
    found = effect(listed, Terms(Decimal(1)))
    assert (found.uses, found.partial) == (2, [tenant])


def test_staff_see_what_a_change_would_have_cost_before_they_confirm_it(root, tenant, listed):
    use(tenant, "call")
    url = reverse("admin:billing_price_change_price", args=[listed.pk])
    entries = {"scheme": "package", "unit_price": "0.5", "package_size": "8"}
    looked = root.post(url, entries)
    page = looked.content.decode()
    assert "0.13 USD" in page and "1.00 USD" in page and tenant.name in page
    assert len(state()) == 1
    root.post(url, {**entries, SEEN: looked.context["look"].digest})
    with platform_context():
        new = Price.objects.get(version=2)
    assert (new.scheme, new.package_size, new.unit_price) == ("package", 8, Decimal("0.5"))


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"unit_price": ""}, "Say what it costs from then on."),
        ({"scheme": "package", "unit_price": "1"}, "A package has a size"),
        ({"scheme": "volume", "tiers": "[]"}, "graduated and volume prices have tiers"),
        ({"scheme": "volume", "tiers": '[{"up_to": "1", "unit_price": "1"}]'}, "Let the last tier have no end"),
        ({"unit_price": "1", "effective_from": "2020-01-01 00:00"}, "choose a moment to come"),
    ],
    ids=str,
)
def test_terms_that_make_no_sense_are_refused_before_the_look(entries, says, root, listed):
    answer = root.post(reverse("admin:billing_price_change_price", args=[listed.pk]), entries)
    assert answer.context["look"] is None
    assert says in answer.content.decode()


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
    assert [line.verdict for line in outcome.lines] == [Verdict.UNCHANGED] * 5
    assert (outcome.done, outcome.acceptable, state()) == (False, False, before)


def test_an_exported_list_fills_an_empty_one(tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        writes.create(Price, {**CALL, "tenant": tenant, "scheme": "graduated", "tiers": TIERS})
    sheet = exported()
    with platform_context():
        Price.all_objects.all().delete()
    outcome = read(sheet, confirmed=True)
    assert (outcome.done, outcome.count(Verdict.ADDED), exported()) == (True, 2, sheet)


def test_a_sheet_adds_changes_and_leaves_prices(listed):
    with platform_context():
        PriceFactory.create(**{**CALL, "model": "sms", "unit": "message"}, unit_price="0.0075", effective_from=LONG_AGO)
    sheet = f"{HEAD}\n{LINE},0.014\ntelephony,Twilio,sms,messages,0.00750\ntelephony,twilio,*,minute,0.05\n"
    looked = read(sheet)
    assert said(looked) == [(2, "changed"), (3, "unchanged"), (4, "added")]
    assert looked.lines[0].says == "0.013 per minute → 0.014 per minute, version 2"
    assert (looked.done, looked.acceptable, len(state())) == (False, True, 2)
    done = read(sheet, confirmed=True)
    assert (done.done, said(done)) == (True, said(looked))
    with platform_context():
        old, new = Price.objects.filter(model="voice").order_by("version")
        assert (old.effective_to, new.unit_price, new.version) == (new.effective_from, Decimal("0.014"), 2)
        assert Price.objects.filter(model="*").exists()


def test_nothing_is_done_when_one_line_is_refused(listed):
    before = state()
    sheet = f"{HEAD}\n{LINE},0.014\ntelephony,twilio,sms,hour,1\n"
    outcome = read(sheet, confirmed=True)
    assert said(outcome) == [(2, "changed"), (3, "refused")]
    assert (outcome.done, outcome.acceptable, state()) == (False, False, before)
    assert outcome.lines[1].says.startswith("unit: One of: record, token, second")


def test_a_tenant_is_told_of_a_changed_price_when_it_is_done_and_not_when_it_is_looked_at(tenant, listed):
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
    ("columns", "cells", "says"),
    [
        ("", "1.2.3", "unit_price: Write a number with a point"),
        ("", "-1", "A price cannot be negative."),
        ("", "", "unit_price: Say what it costs."),
        ("", "1,more", "more cells"),
        (",tenant", "1,nobody", "tenant: There is no tenant nobody."),
        (",scheme", "1,auction", "scheme: One of: unit, package"),
        (",scheme", "1,package", "A package has a size"),
        (",scheme,tiers", ",volume,cheap", "tiers: Write a list as JSON"),
        (",scheme,tiers", ",volume,[]", "graduated and volume prices have tiers"),
        (",effective_from", "1,yesterday", "effective_from: Write a moment"),
        (",effective_from", "1,2025-06-01", "What was used already keeps its price"),
        (",effective_to", "1,2025-06-01", "effective_to"),
    ],
)
def test_a_line_says_why_it_is_refused(columns, cells, says, listed):
    outcome = read(f"{HEAD}{columns}\n{LINE},{cells}\n")
    assert said(outcome) == [(2, "refused")]
    assert says in outcome.lines[0].says


def test_a_component_is_there_once_from_the_same_moment(listed):
    outcome = read(f"{HEAD}\n{LINE},0.014\n{LINE},0.015\n")
    assert said(outcome) == [(2, "changed"), (3, "refused")]
    assert outcome.lines[1].says == "Line 2 says what this component costs from the same moment on."


def test_a_price_that_has_held_is_described_and_ended_but_not_rewritten(listed):
    ends = timezone.now().replace(microsecond=0) + timedelta(days=9)
    since = listed.effective_from.isoformat()
    head = f"{HEAD},description,effective_from,effective_to"
    assert said(read(f"{head}\n{LINE},0.02,,{since},\n")) == [(2, "refused")]
    assert read(f"{head}\n{LINE},0.013,Calls,{since},{ends.isoformat()}\n", confirmed=True).done
    with platform_context():
        listed.refresh_from_db()
    assert (listed.description, listed.effective_to, listed.version) == ("Calls", ends, 1)


def test_columns_that_are_not_there_change_nothing(listed):
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(description="Calls", effective_to=timezone.now() + timedelta(days=9))
    outcome = read(f"{HEAD},effective_from\n{LINE},0.013,{listed.effective_from.isoformat()}\n")
    assert said(outcome) == [(2, "unchanged")]


def test_a_sheet_with_semicolons_and_a_mark_at_its_beginning_is_read(listed):
    sheet = f"\ufeff{HEAD};tiers;scheme".replace(",", ";") + '\n"telephony";twilio;fax;minute;;"[{""up_to"": null, '
    outcome = read(sheet + '""unit_price"": ""0.5""}]";volume\n')
    assert said(outcome) == [(2, "added")]
    assert "beyond 0.5" in outcome.lines[0].says


@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        ("", "lacks category, provider, model, unit, unit_price"),
        (HEAD, "no line but the first"),
        (f"{HEAD},colour\n{LINE},1,red", "no column colour; known: tenant, category"),
        (f"{HEAD},unit\n{LINE},1,minute", "twice"),
        (f"{HEAD}\n" + f"{LINE},1\n" * (price_sheet.MOST_LINES + 1), "at most 1,000 lines"),
        ("x" * (price_sheet.LARGEST + 1), "at most 1,000,000 characters"),
    ],
    ids=["empty", "no lines", "unknown column", "column twice", "too many lines", "too large"],
)
def test_what_is_no_sheet_of_prices_is_refused_as_a_whole(sheet, says, db):
    with pytest.raises(Invalid) as caught:
        read(sheet)
    assert says in caught.value.errors["file"][0]


def upload(client, text):
    file = SimpleUploadedFile("prices.csv", text.encode(), content_type="text/csv")
    return client.post(reverse("admin:price_import"), {"file": file})


def test_staff_of_the_platform_upload_look_and_confirm(root, listed):
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


def test_an_upload_that_is_no_sheet_is_refused_in_words(root, listed):
    file = SimpleUploadedFile("prices.csv", "größe".encode("latin-1"), content_type="text/csv")
    assert "The file is not UTF-8" in root.post(reverse("admin:price_import"), {"file": file}).content.decode()
    assert "The first line lacks category" in upload(root, "hello\n").content.decode()


def test_staff_of_a_tenant_import_nothing_and_export_what_they_see(browser, owner, other_owner, tenant, listed):
    with platform_context(tenant_id=tenant.pk):
        PriceFactory.create(**CALL, unit_price="0.009", effective_from=LONG_AGO)
    assert upload(browser(owner), f"{HEAD}\n{LINE},0.001\n").status_code == 403
    ours, theirs = (browser(user).get(reverse("admin:price_export")) for user in (owner, other_owner))
    assert re.match(r'attachment; filename="lad-prices-\d{4}-\d\d-\d\d\.csv"', ours["Content-Disposition"])
    assert "0.009" in ours.content.decode() and "0.009" not in theirs.content.decode()
    assert f",{LINE},unit,0.013" in theirs.content.decode()


def test_the_price_list_offers_import_to_the_platform_only(root, browser, owner, listed):
    where = reverse("admin:price_import")
    assert where in root.get(reverse("admin:price_list")).content.decode()
    assert where not in browser(owner).get(reverse("admin:price_list")).content.decode()
