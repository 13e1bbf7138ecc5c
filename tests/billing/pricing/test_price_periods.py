"""Periods and versions of prices: of one component one price holds at any moment, and each has its number."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from billing.pricing.models import Price
from lad.tenancy.context import platform_context
from tests.conftest import superuser_connection
from tests.contract.sql import constraint_of, refused
from tests.factories.billing import PriceFactory
from tests.support.waiting import Other, until_somebody_waits

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))
COMPONENT = {"category": "tts", "provider": "openai", "model": "tts-1", "unit": "character"}


def price(tenant: Any, **values: Any) -> Price:
    with platform_context(tenant_id=tenant.pk if tenant else None):
        return PriceFactory.create(**{**COMPONENT, **values}, tenant_id=tenant.pk if tenant else None)


@pytest.mark.parametrize("common", [True, False], ids=["common", "own"])
def test_two_prices_of_a_component_never_hold_at_once(common, tenant):
    holder = None if common else tenant
    price(holder, effective_from=JANUARY, effective_to=MARCH)
    for start, end in ((JANUARY, MARCH), (FEBRUARY, None), (FEBRUARY - timedelta(days=60), FEBRUARY)):
        with platform_context(), refused(psycopg.errors.ExclusionViolation) as caught:
            price(holder, effective_from=start, effective_to=end)
        assert constraint_of(caught) == "billing_pricing_catalog_one_price"


def test_periods_may_meet(tenant):
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


def test_common_and_own_prices_stand_beside_each_other(tenant, other_tenant):
    for holder in (None, tenant, other_tenant):
        price(holder, effective_from=JANUARY)


@pytest.mark.django_db(transaction=True)
def test_prices_written_at_the_same_moment_are_counted_one_after_the_other() -> None:
    found: list[int] = []

    def second() -> None:
        found.append(price(None, effective_from=FEBRUARY).version)

    with platform_context():
        assert price(None, effective_from=JANUARY, effective_to=FEBRUARY).version == 1
        other = Other(second)
        until_somebody_waits()
    assert other.ended(), other.failed
    assert found == [2]


def test_a_version_is_taken_once_even_where_nobody_counts(db: None) -> None:
    add = (
        "INSERT INTO billing_pricing_catalog (category, provider, model, unit, unit_price, version, effective_from,"
        " effective_to) VALUES ('tts', 'openai', 'tts-1', 'character', 1, 7, %s, %s)"
    )
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(add, [JANUARY, FEBRUARY])
        with pytest.raises(psycopg.errors.UniqueViolation, match="billing_pricing_catalog_version_key"):
            superuser.execute(add, [FEBRUARY, MARCH])
