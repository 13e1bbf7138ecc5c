"""The price list. A price that past usage was priced with never changes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.pricing import selectors
from billing.pricing.models import Price
from billing.pricing.services import prices
from lad import writes
from lad.admin.actions import PREVIEW_DIGEST
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tests.factories.billing import PriceFactory
from tests.support.database import refuses, stored
from tests.support.events import events

NEW = Decimal("0.0002")


def page(name, *arguments):
    return reverse(f"admin:billing_price_{name}", args=arguments)


@pytest.fixture
def common(db):
    """A common price, in force for a month."""
    with platform_context():
        return PriceFactory.create(model="whisper-1", effective_from=timezone.now() - timedelta(days=30))


@pytest.fixture
def own(tenant, common):
    """The tenant's own price of the same component."""
    with platform_context(tenant_id=tenant.pk):
        return PriceFactory.create(
            model="whisper-1", unit_price="0.00008", effective_from=timezone.now() - timedelta(days=9)
        )


def test_a_new_price_starts_where_the_current_one_ends(common):
    moment = timezone.now() + timedelta(days=5)
    with platform_context():
        new = prices.change(price=common, unit_price=NEW, effective_from=moment)
    before = stored(common)
    assert (before.unit_price, before.effective_to) == (Decimal("0.0001"), moment)
    assert (new.unit_price, new.effective_from, new.effective_to) == (NEW, moment, None)
    assert before.is_in_force_at(moment - timedelta(seconds=1)) and not before.is_in_force_at(moment)
    assert new.is_in_force_at(moment)


def test_a_new_price_ends_when_the_current_one_would_have(tenant, own):
    end = timezone.now() + timedelta(days=100)
    with platform_context(tenant_id=tenant.pk):
        writes.update(stored(own), {"effective_to": end})
        assert prices.change(price=own, unit_price=NEW).effective_to == end


def test_a_tenants_own_price_change_is_announced_and_a_common_one_is_not(tenant, owner, common, own):
    with platform_context(tenant_id=tenant.pk):
        prices.change(price=common, unit_price=NEW)
        assert events("billing.price.changed") == []
        new = prices.change(price=own, unit_price=NEW, actor=owner)
    [event] = events("billing.price.changed", tenant.pk)
    assert event.aggregate_id == new.pk
    assert (event.payload["price_id"], Decimal(event.payload["after"])) == (str(own.pk), NEW)


def test_a_price_cannot_be_changed_in_the_past_or_after_its_end(common):
    with platform_context():
        with pytest.raises(Invalid):
            prices.change(price=common, unit_price=NEW, effective_from=timezone.now() - timedelta(minutes=1))
        writes.update(stored(common), {"effective_to": timezone.now() + timedelta(days=1)})
        with pytest.raises(prices.PriceEnded):
            prices.change(price=common, unit_price=NEW, effective_from=timezone.now() + timedelta(days=2))
    assert stored(common).unit_price == Decimal("0.0001")


@pytest.mark.parametrize(
    "values",
    [{"unit_price": NEW}, {"model": "*"}, {"effective_from": timezone.now() - timedelta(days=60)}],
    ids=lambda values: next(iter(values)),
)
def test_a_price_that_has_been_in_force_cannot_be_edited(values, common):
    with platform_context(), pytest.raises(Invalid) as caught:
        writes.update(stored(common), values)
    assert set(caught.value.errors) == set(values)


def test_a_price_that_has_been_in_force_cannot_be_deleted_or_ended_in_the_past(common):
    with platform_context():
        with refuses(Invalid):
            writes.update(stored(common), {"effective_to": timezone.now() - timedelta(days=1)})
        with refuses(prices.PriceInForce):
            writes.delete(stored(common))
        writes.update(stored(common), {"effective_to": timezone.now() + timedelta(hours=1), "description": "Ends"})


def test_an_ended_price_cannot_be_reopened(common):
    now = timezone.now()
    with platform_context():
        Price.objects.filter(pk=common.pk).update(effective_to=now - timedelta(days=1))
        with pytest.raises(Invalid):
            writes.update(stored(common), {"effective_to": None})


def test_a_future_price_can_be_edited_and_deleted(db):
    with platform_context():
        row = PriceFactory.create(tenant_id=None)
        writes.update(stored(row), {"unit_price": NEW})
        assert stored(row).unit_price == NEW
        writes.delete(stored(row))
        assert not Price.objects.exists()


def test_an_overlapping_price_shows_an_error(root, common):
    sent = {
        "category": "stt",
        "provider": "openai",
        "model": "whisper-1",
        "unit": "second",
        "unit_price": "1",
        "scheme": "unit",
    }
    when = timezone.now() + timedelta(days=3)
    moment = {"effective_from_0": f"{when:%Y-%m-%d}", "effective_from_1": "12:00:00"}
    response = root.post(page("add"), {**sent, **moment, "is_active": "on"})
    assert response.status_code == 200
    assert "Another active price covers this period. End it first." in response.content.decode()


def test_staff_change_a_price_by_its_action(root, common):
    assert root.get(page("change_price", common.pk)).status_code == 200
    looked = root.post(page("change_price", common.pk), {"unit_price": str(NEW)})
    assert looked.status_code == 200
    with platform_context():
        assert Price.objects.count() == 1
    confirmed = {"unit_price": str(NEW), PREVIEW_DIGEST: looked.context["preview"].digest}
    assert root.post(page("change_price", common.pk), confirmed).status_code == 302
    with platform_context():
        first, second = Price.objects.order_by("effective_from")
    assert (first.unit_price, second.unit_price) == (Decimal("0.0001"), NEW)
    assert first.effective_to == second.effective_from


def test_the_form_of_a_price_in_force_has_fixed_terms(root, common):
    form = root.get(page("change", common.pk)).context["adminform"].form
    assert not prices.FIXED_FIELDS & set(form.fields)
    assert "description" in form.fields


def test_the_price_list_shows_common_and_own_prices_by_category(common, own):
    with platform_context():
        PriceFactory.create(tenant_id=None, category="tts", model="to-come")
        [category] = selectors.price_list(now=timezone.now())
    [component] = category.components
    assert (category.title, component.model, component.shared, component.own) == (
        "Speech to text",
        "whisper-1",
        common,
        [own],
    )


def test_the_price_list_page_shows_a_tenant_its_own_prices_and_not_those_of_others(
    root, admin_of, viewer, other_owner, other_tenant, own
):
    everything = root.get(reverse("admin:price_list")).content.decode()
    assert "0.0001" in everything and "0.00008" in everything
    assert "0.00008" in admin_of(viewer).get(reverse("admin:price_list")).content.decode()
    theirs = admin_of(other_owner).get(reverse("admin:price_list")).content.decode()
    assert "0.0001" in theirs and "0.00008" not in theirs


def test_tenants_read_common_and_own_prices_through_the_api(api, owner, other_owner, common, own):
    def listed(user):
        return {row["id"] for row in api(user).get("/api/v1/billing-pricing-catalog/").json()["results"]}

    assert listed(owner) == {str(common.pk), str(own.pk)}
    assert listed(other_owner) == {str(common.pk)}
