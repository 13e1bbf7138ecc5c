"""Every date and time that people may send: filters, fields, forms and pages refuse impossible ones, and none fails."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from rest_framework import serializers

from lad import moments
from lad.api.filters import EMPTY_LOOKUPS, DayFilter, InFilter, MomentFilter, TextFilter, apply_filters
from lad.api.serializers import InputSerializer, ModelSerializer
from lad.api.times import DayField, TimeField
from lad.errors import Invalid
from leads.contacts.models import Lead
from tests.contract.api import client, offering
from tests.contract.catalogue import all_models
from tests.contract.pages import listed, page, persona, registered_models
from tests.contract.world import World, any_row
from tests.lad.test_moments import IMPOSSIBLE, MALFORMED
from tests.support.api import field_problems

LAYERS = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")
# Parameters of reports, which are no lists.
REPORTS = [f"billing-usage-events/summary/?by={by}&" for by in ("day", "feature", "component")]
FAR = "9" * 40


def subclasses(base: Any) -> Iterator[Any]:
    """Yield LAD's own classes below a base."""
    for each in base.__subclasses__():
        if each.__module__.partition(".")[0] in LAYERS:
            yield each
        yield from subclasses(each)


def test_every_editable_time_of_a_table_has_a_range() -> None:
    fields = [each for model in all_models() for each in model._meta.concrete_fields]
    times = [each for each in fields if isinstance(each, models.DateField) and each.editable]
    assert len(times) > 20
    assert [str(each) for each in times if moments.validate not in each.validators] == []


def test_every_time_of_a_request_body_has_a_range() -> None:
    classes = {*subclasses(InputSerializer), *(each.serializer for each in offering("create"))}
    classes |= {each.serializer for each in offering("update")}
    fields = [
        (each.__name__, field)
        for each in classes
        if issubclass(each, InputSerializer | ModelSerializer)
        for field in each().get_fields().values()
        if not field.read_only and isinstance(field, serializers.DateField | serializers.DateTimeField)
    ]
    assert len(fields) > 10
    assert [each for each in fields if not isinstance(each[1], DayField | TimeField)] == []


def test_every_time_of_a_form_has_a_range() -> None:
    found = 0
    for form in set(subclasses(forms.Form)):
        for name, field in form.base_fields.items():
            if isinstance(field, forms.DateField | forms.DateTimeField):
                found += 1
                for text in ("0001-01-01", "9999-12-31", "0001-01", "9999-12"):
                    with pytest.raises(ValidationError):
                        field.clean(text)
                        pytest.fail(f"{form.__name__}.{name} accepts {text}")
    assert found >= 7


def test_every_filter_refuses_impossible_times_and_answers_with_the_name() -> None:
    tried = 0
    for resource in offering("list"):
        filters = resource.viewset.filterset_class.base_filters  # type: ignore[attr-defined]
        times = [name for name, each in filters.items() if isinstance(each, MomentFilter | DayFilter)]
        for text in (*IMPOSSIBLE, *(each for each in MALFORMED if each), FAR):
            if times:
                with pytest.raises(Invalid) as caught:
                    apply_filters(dict.fromkeys(times, text), filters, QuerySet(resource.model))
                assert sorted(caught.value.errors) == sorted(times)
                tried += len(times)
    assert tried > 500


def test_every_list_of_values_that_is_empty_matches_nothing() -> None:
    tried = 0
    for resource in offering("list"):
        filters = resource.viewset.filterset_class.base_filters  # type: ignore[attr-defined]
        for name, each in filters.items():
            if isinstance(each, InFilter):
                for text in ("", ",", ",,"):
                    assert apply_filters({name: text}, filters, QuerySet(resource.model)).query.is_empty(), name
                tried += 1
    assert tried > 100


def test_every_column_that_may_be_empty_can_be_asked_for_and_an_empty_value_is_no_filter() -> None:
    found = 0
    for resource in offering("list"):
        filters = resource.viewset.filterset_class.base_filters  # type: ignore[attr-defined]
        for name in resource.filters:
            field: Any = resource.model._meta.get_field(name)
            may_be_empty = field.null or (field.blank and isinstance(field, models.CharField | models.TextField))
            for lookup in EMPTY_LOOKUPS:
                assert (f"{name}__{lookup}" in filters) is bool(may_be_empty), (resource.path, name)
            if may_be_empty:
                found += 1
                rows = apply_filters({f"{name}__empty": "true"}, filters, QuerySet(resource.model))
                assert ("IS NULL" in str(rows.query)) is field.null
                assert (f'"{field.column}" = ' in str(rows.query)) is isinstance(
                    field, models.CharField | models.TextField
                )
        # A search for nothing finds everything, as in the box of a page; any other filter must have a value.
        for name, each in filters.items():
            if isinstance(each, TextFilter):
                assert apply_filters({name: ""}, filters, QuerySet(resource.model)).query.where, name
            if isinstance(each, InFilter | TextFilter) or name == "search":
                continue
            with pytest.raises(Invalid) as caught:
                apply_filters({name: ""}, filters, QuerySet(resource.model))
            assert list(caught.value.errors) == [name]
    assert found > 20


def test_reports_refuse_impossible_days(world: World) -> None:
    caller = client(world.acme.owner, world.acme)
    for report in REPORTS:
        for text in (*IMPOSSIBLE, FAR):
            for name in ("from", "to"):
                assert list(field_problems(caller.get(f"/api/v1/{report}{name}={text}"))) == [name]
        for edge in ("from=2999-12-31", "to=1900-01-01", "from=1900-01-01&to=1900-12-31"):
            assert caller.get(f"/api/v1/{report}{edge}").status_code == 200


def test_every_list_of_the_admin_refuses_impossible_times(world: World) -> None:
    any_row(Lead, world.acme)
    caller, tried = persona("root", world), 0
    queries = [
        {"created_at__year": FAR},
        {"created_at__gte": "0001-01-01"},
        {"created_at__date": "9999-12-31"},
        {"created_at__range": f"2026-01-01,{FAR}"},
        {"created_at__iso_year": "10000"},
        {"created_at__lt": f"{FAR}-01-01"},
    ]
    for place, model in enumerate(registered_models()[::4]):
        query = queries[place % len(queries)]
        answer = caller.get(page(model, "changelist"), query)
        assert answer.status_code == 400, (model, query)
        tried += 1
    assert tried > 2 * len(queries)
    for text in ("0001-01-01", "9999-12-31", "yesterday"):
        assert caller.get(page(Lead, "changelist"), {"created_at_from_0": text}).status_code == 400
        assert "Enter a date" in caller.get(page(Lead, "changelist"), {"created_at_to_0": text}).content.decode()
    assert caller.get(page(Lead, "changelist"), {"created_at_to_0": "2026-11-28"}).status_code == 200
    empty = caller.get(page(Lead, "changelist"), {"stage__in": ""})
    assert listed(empty) == set()
    assert listed(caller.get(page(Lead, "changelist"), {"assigned_user__isempty": "0"}))
    assert not listed(caller.get(page(Lead, "changelist"), {"assigned_user__isempty": "1"}))
