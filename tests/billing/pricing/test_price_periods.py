"""Periods and versions: one price per component is in force at a time, and each has a version number."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from billing.pricing.models import Price
from billing.pricing.services import locks, prices
from billing.pricing.services.price_sheet import import_csv
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from tests.contract.sql import constraint_of, refused
from tests.factories.billing import PriceFactory
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import superuser_connection

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))
COMPONENT = {"category": "tts", "provider": "openai", "model": "tts-1", "unit": "character"}


def price(tenant: Any, **values: Any) -> Price:
    with platform_context(tenant_id=tenant.pk if tenant else None):
        return PriceFactory.create(**{**COMPONENT, **values}, tenant_id=tenant.pk if tenant else None)


@pytest.mark.parametrize("common", [True, False], ids=["common", "own"])
def test_two_prices_of_a_component_are_never_in_force_at_once(common, tenant):
    payer = None if common else tenant
    price(payer, effective_from=JANUARY, effective_to=MARCH)
    for start, end in ((JANUARY, MARCH), (FEBRUARY, None), (FEBRUARY - timedelta(days=60), FEBRUARY)):
        with platform_context(), refused(psycopg.errors.ExclusionViolation) as caught:
            price(payer, effective_from=start, effective_to=end)
        assert constraint_of(caught) == "billing_pricing_catalog_one_price"


def test_periods_may_be_adjacent(tenant):
    price(tenant, effective_from=JANUARY, effective_to=FEBRUARY)
    price(tenant, effective_from=FEBRUARY, effective_to=MARCH)
    price(tenant, effective_from=MARCH)


def test_an_open_end_leaves_no_room_after_it(tenant):
    price(tenant, effective_from=JANUARY)
    with platform_context(), refused(psycopg.errors.ExclusionViolation):
        price(tenant, effective_from=MARCH)


@pytest.mark.parametrize(
    "other",
    [{"category": "stt"}, {"provider": "google"}, {"model": "*"}, {"unit": "token"}, {"is_active": False}],
    ids=lambda other: next(iter(other)),
)
def test_other_components_and_withdrawn_prices_may_overlap(other, tenant):
    price(tenant, effective_from=JANUARY)
    price(tenant, effective_from=JANUARY, **other)


def test_common_and_own_prices_may_overlap(tenant, other_tenant):
    for payer in (None, tenant, other_tenant):
        price(payer, effective_from=JANUARY)


@pytest.mark.django_db(transaction=True)
def test_prices_written_at_the_same_moment_are_counted_one_after_the_other() -> None:
    found: list[int] = []

    def second() -> None:
        found.append(price(None, effective_from=FEBRUARY).version)

    with platform_context():
        assert price(None, effective_from=JANUARY, effective_to=FEBRUARY).version == 1
        other = ConcurrentWork(second)
        wait_until_blocked()
    assert other.succeeded(), other.error
    assert found == [2]


def test_a_version_is_unique_in_the_database(db: None) -> None:
    add = (
        "INSERT INTO billing_pricing_catalog (category, provider, model, unit, unit_price, version, effective_from,"
        " effective_to) VALUES ('tts', 'openai', 'tts-1', 'character', 1, 7, %s, %s)"
    )
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(add, [JANUARY, FEBRUARY])
        with pytest.raises(psycopg.errors.UniqueViolation, match="billing_pricing_catalog_version_key"):
            superuser.execute(add, [FEBRUARY, MARCH])


USE: dict[str, Any] = {"feature_key": "voice-agent", "items": [{**COMPONENT, "quantity": "1"}]}


def _replace(old: Price) -> None:
    prices.change(price=old, unit_price=Decimal(2))


def _withdraw(old: Price) -> None:
    writes.update(old, {"is_active": False})
    writes.create(Price, {**COMPONENT, "unit_price": Decimal(2), "effective_from": timezone.now()})


def _import(old: Price) -> None:
    head = "tenant,category,provider,model,unit,unit_price"
    assert import_csv(f"{head}\n,tts,openai,tts-1,character,2\n", confirmed=True).done


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [_replace, _withdraw, _import])
def test_a_price_is_not_used_after_its_end_however_long_its_change_takes(
    change: Callable[[Price], None], tenant: Any
) -> None:
    old = price(None, unit_price=Decimal(1), effective_from=JANUARY)

    def record() -> None:
        with tenant_context(tenant.pk):
            usage.record(key="during", **USE)

    with platform_context():
        change(old)
        recording = ConcurrentWork(record)
        wait_until_blocked()
    assert recording.succeeded(), recording.error
    with platform_context():
        event = UsageEvent.objects.get()
        new = Price.objects.get(effective_to=None, is_active=True)
    assert event.occurred_at >= new.effective_from
    assert (event.usage_items[0]["price_id"], event.total_cost) == (str(new.pk), 2)


@pytest.mark.django_db(transaction=True)
def test_a_price_changes_after_the_use_that_is_being_recorded(tenant: Any) -> None:
    old = price(None, unit_price=Decimal(1), effective_from=JANUARY)

    def change() -> None:
        with platform_context():
            prices.change(price=old, unit_price=Decimal(2))

    with tenant_context(tenant.pk):
        event = usage.record(key="before", **USE)
        changing = ConcurrentWork(change)
        wait_until_blocked()
    assert changing.succeeded(), changing.error
    with platform_context():
        ended = Price.objects.get(pk=old.pk)
    assert event.total_cost == 1
    assert ended.effective_to is not None and event.occurred_at < ended.effective_to


@pytest.mark.django_db(transaction=True)
def test_a_change_gives_up_behind_use_whose_recording_does_not_end(
    tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = price(None, unit_price=Decimal(1), effective_from=JANUARY)
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", "50ms")

    def change() -> None:
        with platform_context():
            prices.change(price=old, unit_price=Decimal(2))

    with tenant_context(tenant.pk):
        usage.record(key="before", **USE)
        changing = ConcurrentWork(change)
        assert not changing.succeeded()
    assert isinstance(changing.error, locks.PriceListBusy)
    change()
