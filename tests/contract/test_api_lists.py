"""Every list of the API: filters, orders and pages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from lad.api.filters import EMPTY_LOOKUPS
from lad.api.router import Resource
from lad.db.identifiers import uuid7
from lad.tenancy.context import tenant_context
from tests.contract.api import MAX_PAGE_SIZE, client, for_each_resource, offering
from tests.contract.world import World, is_one_per_tenant, row_of, rows_of
from tests.support.api import ids, problem


def filters_of(resource: Resource) -> list[str]:
    """The filters generated from fields; those written by hand are tried where they are written."""
    viewset: Any = resource.viewset
    names = [name.partition("__") for name in viewset.filterset_class.base_filters]
    # Those for empty columns are tried in test_times.py, all at once.
    return ["".join(name) for name in names if name[0] in resource.filters and name[2] not in EMPTY_LOOKUPS]


LISTS = offering("list")
LONG_LISTS = [each for each in LISTS if not is_one_per_tenant(each.model)]
# Tests make rows once for all filters, or all orders, of a resource: making them takes longer than reading the list.
ORDERED_LISTS = [each for each in LONG_LISTS if each.order]


def orders_of(resource: Resource) -> list[str]:
    """Return the declared orders, each in both directions."""
    return [direction + name.lstrip("-") for name in resource.order for direction in ("", "-")]


def expected_ids(resource: Resource, world: World, *order: str, **filters: Any) -> list[str]:
    """What the list should show, asked of the database directly."""
    with tenant_context(world.acme.tenant.pk, user_id=world.acme.owner.pk):
        rows = resource.model.objects.filter(**filters).order_by(*order)
        return [str(key) for key in rows.values_list("pk", flat=True)]


@for_each_resource([each for each in LISTS if filters_of(each)], "api-filters")
def test_each_filter_finds_what_the_database_finds(resource: Resource, world: World) -> None:
    rows = [row_of(resource.model, world.acme), row_of(resource.model, world.acme)]
    caller = client(world.acme.owner, world.acme)
    tried = [(name, value) for name in filters_of(resource) for value in {_value(row, _field(name)) for row in rows}]
    assert {name for name, _value in tried} == set(filters_of(resource))
    for name, value in tried:
        response = caller.get(resource.url, {name: _text(value), "page_size": MAX_PAGE_SIZE})
        # A list of nothing but an empty text is an empty list.
        wanted = [value for value in [value] if value != ""] if name.endswith("__in") else value
        assert sorted(ids(response)) == sorted(expected_ids(resource, world, **{name: wanted})), (name, value)


@for_each_resource([each for each in LISTS if each.filters], "api-filter-choices")
def test_a_filter_rejects_a_malformed_value(resource: Resource, world: World) -> None:
    caller = client(world.acme.owner, world.acme)
    for name in resource.filters:
        field: Any = resource.model._meta.get_field(name)
        if field.choices or isinstance(field, models.BooleanField | models.ForeignKey | models.UUIDField):
            response = caller.get(resource.url, {name: "no-such-value"})
            assert problem(response)[0] == 400
            assert name in response.json()["errors"]


@for_each_resource(ORDERED_LISTS, "api-orders")
def test_a_list_has_each_order_of_the_database(resource: Resource, world: World) -> None:
    rows_of(resource.model, world.acme, 3)
    caller = client(world.acme.owner, world.acme)
    for order in orders_of(resource):
        response = caller.get(resource.url, {"ordering": order, "page_size": MAX_PAGE_SIZE})
        key = "-id" if order.startswith("-") else "id"
        assert ids(response) == expected_ids(resource, world, order, key)[:MAX_PAGE_SIZE], order


@for_each_resource(LISTS, "api-order-unknown")
def test_an_undeclared_order_is_rejected(resource: Resource, world: World) -> None:
    caller = client(world.acme.owner, world.acme)
    for order in ("no_such_field", "deletion_id", "tenant__name", "?"):
        assert problem(caller.get(resource.url, {"ordering": order}))[0] == 400


@for_each_resource(ORDERED_LISTS, "api-pages-of-orders")
def test_pages_of_each_order_hold_every_row_once_while_rows_arrive(resource: Resource, world: World) -> None:
    rows_of(resource.model, world.acme, 6)
    for order in orders_of(resource):
        present = expected_ids(resource, world)
        size = max(1, len(present) // 3)
        seen: list[str] = []
        for page in _pages(resource, world, order, size):
            assert len(page) <= size, order
            # One for each order: some tables have room for a few rows only.
            if not seen:
                row_of(resource.model, world.acme)
            seen += page
        assert len(seen) == len(set(seen)), order
        assert present
        assert set(present) <= set(seen), order


@for_each_resource(LONG_LISTS, "api-page-back")
def test_previous_leads_back_to_the_page_before(resource: Resource, world: World) -> None:
    rows_of(resource.model, world.acme, 5)
    caller = client(world.acme.owner, world.acme)
    first = caller.get(resource.url, {"page_size": 2})
    assert first.json()["previous"] is None
    second = caller.get(first.json()["next"])
    back = caller.get(second.json()["previous"])
    assert ids(back) == ids(first)


@for_each_resource(LISTS, "api-page-bad")
def test_a_forged_cursor_is_rejected(resource: Resource, world: World) -> None:
    caller = client(world.acme.owner, world.acme)
    for parameters in ({"cursor": "nonsense"}, {"page_size": 0}, {"page_size": 100_000}, {"page_size": "many"}):
        assert problem(caller.get(resource.url, parameters))[0] == 400


def _pages(resource: Resource, world: World, order: str, size: int) -> Iterator[list[str]]:
    """The pages of a list, at most ten more than three."""
    caller = client(world.acme.owner, world.acme)
    response = caller.get(resource.url, {"ordering": order, "page_size": size})
    for _ in range(13):
        yield ids(response)
        following = response.json()["next"]
        if following is None:
            return
        response = caller.get(following)


def _field(name: str) -> str:
    """Return the field of a filter's name, which may have a lookup after it."""
    return name.partition("__")[0]


def _value(row: Any, name: str) -> Any:
    """The row's value, or one that fits the field where the row has none."""
    field = row._meta.get_field(name)
    value = getattr(row, field.attname)
    if value is not None:
        return value
    if isinstance(field, models.ForeignKey | models.UUIDField):
        numbered = isinstance(field, models.ForeignKey) and isinstance(field.target_field, models.IntegerField)
        return 2**40 if numbered else uuid7()
    return timezone.now() if isinstance(field, models.DateTimeField) else 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)
