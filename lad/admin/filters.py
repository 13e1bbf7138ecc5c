"""List filters, chosen by the kind of field."""

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

from lad.admin.derive import field_or_none


class DeletedFilter(RadioFilter):
    """Soft-deleted rows are out of the list until asked for."""

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


class MomentFilter(RangeDateTimeFilter):
    """A range of moments in the server's time zone; a day without an hour means all of it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        for end, lookup, time in (("from", "gte", "00:00:00"), ("to", "lte", "23:59:59.999999")):
            day = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
            hour = self.used_parameters.get(f"{self.parameter_name}_{end}_1") or time
            moment = parse_datetime_str(f"{day} {hour}") if day else None
            if moment is not None:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": timezone.make_aware(moment)})
        return queryset


def filter_for(model: Any, name: Any) -> Any:
    """unfold's filter for a field, given its name; anything else as it is."""
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
        return (name, MomentFilter)
    return name
