"""List filters by type of field."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final

from django.contrib.admin.filters import EmptyFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters, ModelAdmin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RadioFilter,
    RangeDateTimeFilter,
)
from unfold.contrib.filters.forms import HorizontalRadioForm

from lad import moments
from lad.admin.defaults import field_or_none
from lad.db.emptiness import empty_condition, may_be_empty
from lad.db.models import LadModel
from lad.times import zone_title

# Lookups whose value begins with a year. Others, such as month, take a small number.
YEAR_LOOKUPS: Final = ("", "exact", "in", "gt", "gte", "lt", "lte", "range", "date", "year", "iso_year")
MOST_DIGITS: Final = 9
_YEAR: Final = re.compile(r"\s{0,9}\+?(\d{1,20})")


class RefusedFilter(IncorrectLookupParameters):
    """A filter cannot be applied. The message says why, in words for users."""


class DeletedFilter(RadioFilter):
    """Hide soft-deleted rows by default."""

    title = "deleted"
    parameter_name = "deleted"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("no", "Not deleted"), ("yes", "Deleted"), ("all", "Both")]

    def value(self) -> str:
        return super().value() or "no"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


class DateTimeRangeFilter(RangeDateTimeFilter):
    """A range of times in the current time zone, which its title names. A date without a time covers the whole day."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title: str = f"{self.title} ({zone_title()})"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            day = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
            hour = self.used_parameters.get(f"{self.parameter_name}_{end}_1")
            if day:
                written, moment = moments.bound(lookup, _read(day, hour))
                queryset = queryset.filter(**{f"{self.field_path}__{written}": moment})
        return queryset


class EmptinessFilter(EmptyFieldListFilter):
    """Whether the column has a value: null and an empty text alike have none."""

    template = "unfold/filters/filters_field.html"

    def get_lookup_condition(self) -> Any:
        return empty_condition(self.field, self.field_path)

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "form": HorizontalRadioForm(
                label=f" By {self.title}, empty or not ",
                name=self.lookup_kwarg,
                choices=[("", "All"), ("1", "Empty"), ("0", "Not empty")],
                data={self.lookup_kwarg: self.lookup_val or ""},
            ),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.lookup_val in (None, ""):
            return queryset
        found = super().queryset(request, queryset)
        return queryset if found is None else found


def _read(day: str, hour: str | None) -> date | datetime:
    try:
        return moments.read(f"{day}T{hour}" if hour else day)
    except ValidationError as error:
        raise RefusedFilter(" ".join(error.messages)) from error


def require_possible_times(model: type[LadModel], name: str, values: Iterable[Any]) -> None:
    """Raise RefusedFilter if a lookup on a time or day names a year that LAD does not know."""
    column, _, lookup = name.partition("__")
    if not isinstance(field_or_none(model, column), models.DateField):
        return
    if lookup.partition("__")[0] not in YEAR_LOOKUPS:
        return
    for text in (part for value in values for part in str(value).split(",")):
        year = _YEAR.match(text)
        if year and not moments.EARLIEST_YEAR <= int(year[1][:MOST_DIGITS]) <= moments.LATEST_YEAR:
            raise RefusedFilter(moments.IMPOSSIBLE)


def emptiness_filters(model: type[LadModel], names: Iterable[Any]) -> list[Any]:
    """Return a filter for rows without a value for each of the named columns that may be empty."""
    fields = [field_or_none(model, name) for name in names if isinstance(name, str)]
    return [(field.name, EmptinessFilter) for field in fields if field is not None and may_be_empty(field)]


def filter_for(model: type[LadModel], name: Any) -> Any:
    """Return unfold's filter for a field name; return any other filter unchanged."""
    field = field_or_none(model, name) if isinstance(name, str) else None
    if field is None:
        return name
    if field.is_relation:
        return (name, AutocompleteSelectFilter)
    if field.choices:
        return (name, ChoicesDropdownFilter)
    if isinstance(field, models.BooleanField):
        return (name, BooleanRadioFilter)
    if isinstance(field, models.DateTimeField):
        return (name, DateTimeRangeFilter)
    return name
