"""List filters by type of field."""

from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RadioFilter,
    RangeDateTimeFilter,
)
from unfold.utils import parse_datetime_str

from lad.admin.defaults import field_or_none
from lad.db.models import LadModel
from lad.times import zone_title


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
        for end, lookup, time in (("from", "gte", "00:00:00"), ("to", "lte", "23:59:59.999999")):
            day = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
            hour = self.used_parameters.get(f"{self.parameter_name}_{end}_1") or time
            moment = parse_datetime_str(f"{day} {hour}") if day else None
            if moment is not None:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": timezone.make_aware(moment)})
        return queryset


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
