"""List filters and orderings, generated from a resource's declarations. Other query parameters are errors."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.db import connection, models
from django.db.models import QuerySet
from django_filters.filters import BaseInFilter
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from lad import moments
from lad.api.pagination import CURSOR, PAGE_SIZE
from lad.db.emptiness import empty_condition, may_be_empty
from lad.db.models import LadModel
from lad.db.normalised import PhoneField
from lad.db.phone_search import PhoneFilter, phone_term
from lad.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.views import APIView

ORDERING: Final = "ordering"
DELETED: Final = "deleted"
RANGE_LOOKUPS: Final = ("gte", "gt", "lte", "lt")
# An index still serves a list of this length.
MAX_VALUES: Final = 100
BOOLEANS: Final = {"true": True, "false": False}
# Two names for one question: a reader of the table looks for nulls, a user for empty fields.
EMPTY_LOOKUPS: Final = ("isnull", "empty")
NO_VALUE: Final = "Give a value, or leave the parameter out."
WHOLE_DAY: Final = "A date means the whole day in the tenant's time zone, in which times without an offset are too."


class InFilter(BaseInFilter):
    """``?status__in=a,b``. An empty list matches nothing."""

    def filter(self, qs: QuerySet, value: list[object] | None) -> Any:
        values = [each for each in value or () if each not in EMPTY_VALUES]
        if len(values) > MAX_VALUES:
            raise Invalid(errors={f"{self.field_name}__in": [f"At most {MAX_VALUES} values."]})
        return super().filter(qs, values) if values else qs.none()


# An empty value must not list everything, as a filter that was left out does.
REQUIRED: Final[dict[str, Any]] = {"required": True, "error_messages": {"required": NO_VALUE}}


class TextFilter(django_filters.CharFilter):
    """``?source=website``. An empty text finds the rows without one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False})

    def filter(self, qs: QuerySet, value: str) -> Any:
        column = qs.model._meta.get_field(self.field_name)
        return super().filter(qs, value) if value else qs.filter(empty_condition(column, str(self.field_name)))


class TextInFilter(InFilter, django_filters.CharFilter):
    pass


class KeyInFilter(InFilter, django_filters.UUIDFilter):
    pass


class PhoneInFilter(TextInFilter):
    """Whole telephone numbers, each in any form that is accepted for storing."""

    def filter(self, qs: QuerySet, value: list[object] | None) -> Any:
        return super().filter(qs, value and [_stored_number(str(text)) for text in value])


def _stored_number(text: str) -> str:
    term = phone_term(text)
    return term.number.e164 if term is not None and term.number is not None else text


class NumberInFilter(InFilter, django_filters.NumberFilter):
    pass


class WholeNumberFilter(django_filters.Filter):
    """A whole number within the column's range. 1.5 is an error, not a match for row 1."""

    field_class = forms.IntegerField


class WholeNumberInFilter(InFilter, WholeNumberFilter):
    pass


class ChoiceInFilter(InFilter, django_filters.ChoiceFilter):
    pass


class BooleanFilter(django_filters.TypedChoiceFilter):
    """``true`` or ``false``. The library's own filter ignores any other value instead of rejecting it."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(word, word) for word in BOOLEANS]
        super().__init__(choices=choices, coerce=lambda word: BOOLEANS[word], **kwargs)


class EmptyFilter(BooleanFilter):
    """``true`` for the rows whose column is empty, be it null or an empty text; ``false`` for all others."""

    def __init__(self, *, column: models.Field, **kwargs: Any) -> None:
        self.column = column
        super().__init__(**kwargs)

    def filter(self, qs: QuerySet, value: bool) -> Any:
        empty = empty_condition(self.column, str(self.field_name))
        return qs.filter(empty if value else ~empty)


class MomentField(forms.Field):
    """A time, or a day."""

    def to_python(self, value: Any) -> Any:
        return None if value in self.empty_values else moments.read(str(value))


class MomentFilter(django_filters.Filter):
    """A bound of a column of times. A day stands for all of it, in the tenant's time zone."""

    field_class = MomentField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**REQUIRED, **kwargs})

    def filter(self, qs: QuerySet, value: Any) -> Any:
        lookup, moment = moments.bound(self.lookup_expr, value)
        return qs.filter(**{f"{self.field_name}__{lookup}": moment})


class DayFilter(django_filters.DateFilter):
    """A day, or a bound of a column of days."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**REQUIRED, "validators": [moments.validate], **kwargs})


Search = Callable[[QuerySet, str], QuerySet]


class SearchFilter(django_filters.CharFilter):
    """``?search=``: the rows that a term finds."""

    def __init__(self, find: Search, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.find = find

    def filter(self, qs: QuerySet, value: str) -> Any:
        return self.find(qs, value) if value else qs


def make_filterset(
    model: type[LadModel], names: Iterable[str], extra: Mapping[str, django_filters.Filter] | None = None
) -> type[django_filters.FilterSet]:
    """Return the filters of the named fields and ``extra``, which replaces those of the same name.

    A field has ``name`` and ``name__in``, ranges for times, days and numbers, and ``name__empty`` (``name__isnull``)
    if its column may be empty.
    """
    filters: dict[str, Any] = {}
    for name in names:
        field: Any = model._meta.get_field(name)
        # A generated column is filtered by the type of its result.
        column = getattr(field, "output_field", field)
        filters.update(_filters(name, column))
        filters.update(_empty(name, column))
    meta = type("Meta", (), {"model": model, "fields": []})
    return type(f"{model.__name__}Filter", (django_filters.FilterSet,), {**filters, **(extra or {}), "Meta": meta})


def _filters(name: str, field: models.Field) -> dict[str, Any]:
    match field:
        case models.ForeignKey():
            target = field.target_field
            return _exact_and_in(name, _kind_of(target), field_name=f"{name}_id", **_bounds(target))
        case models.BooleanField():
            return {name: BooleanFilter(field_name=name, **REQUIRED)}
        case models.DateTimeField():
            return _ranges(name, MomentFilter)
        case models.DateField():
            return {name: DayFilter(field_name=name, **REQUIRED), **_ranges(name, DayFilter)}
    if field.choices:
        # Read with each request: keys may be added to an open vocabulary.
        return _exact_and_in(name, (django_filters.ChoiceFilter, ChoiceInFilter), choices=lambda: field.flatchoices)
    if isinstance(field, PhoneField):
        return _exact_and_in(name, (PhoneFilter, PhoneInFilter))
    kind, bounds = _kind_of(field), _bounds(field)
    numeric = kind[0] in (django_filters.NumberFilter, WholeNumberFilter)
    return {**_exact_and_in(name, kind, **bounds), **(_ranges(name, kind[0], **bounds) if numeric else {})}


def _kind_of(field: models.Field) -> tuple[Any, Any]:
    if isinstance(field, models.UUIDField):
        return django_filters.UUIDFilter, KeyInFilter
    if isinstance(field, models.IntegerField):
        return WholeNumberFilter, WholeNumberInFilter
    if isinstance(field, models.DecimalField | models.FloatField):
        return django_filters.NumberFilter, NumberInFilter
    return TextFilter, TextInFilter


def _exact_and_in(name: str, kind: tuple[Any, Any], field_name: str = "", **kwargs: Any) -> dict[str, Any]:
    field_name = field_name or name
    return {
        name: kind[0](field_name=field_name, **REQUIRED, **kwargs),
        f"{name}__in": kind[1](field_name=field_name, lookup_expr="in", **kwargs),
    }


def _ranges(name: str, kind: Any, **kwargs: Any) -> dict[str, Any]:
    return {
        f"{name}__{lookup}": kind(field_name=name, lookup_expr=lookup, **REQUIRED, **kwargs) for lookup in RANGE_LOOKUPS
    }


def _empty(name: str, column: models.Field) -> dict[str, Any]:
    """Return the filters for rows without a value. A column that is never empty has none."""
    if not may_be_empty(column):
        return {}
    return {f"{name}__{lookup}": EmptyFilter(field_name=name, column=column, **REQUIRED) for lookup in EMPTY_LOOKUPS}


def _bounds(field: models.Field) -> dict[str, Any]:
    """Return the smallest and largest value the column can store."""
    if not isinstance(field, models.IntegerField):
        return {}
    least, greatest = connection.ops.integer_field_range(field.get_internal_type())
    return {"min_value": least, "max_value": greatest}


class FilterBackend(BaseFilterBackend):
    """Apply the resource's filters. Raise Invalid for a malformed value or an unknown parameter."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: "APIView") -> Any:
        filterset_class = getattr(view, "filterset_class", None)
        if filterset_class is None:
            return queryset
        reject_unknown_parameters(request, [*filterset_class.base_filters, *list_parameters(view)])
        return apply_filters(request.query_params, filterset_class.base_filters, queryset)

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        filterset_class = getattr(view, "filterset_class", None)
        filters = filterset_class.base_filters if filterset_class else {}
        parameters = [_parameter(name, each) for name, each in filters.items()]
        if DELETED in list_parameters(view):
            deleted = {"type": "string", "enum": list(BOOLEANS)}
            parameters.append(
                _query(DELETED, deleted, "`true` lists the deleted rows instead. Needs the right to delete.")
            )
        return parameters


def apply_filters(
    parameters: Mapping[str, str], filters: Mapping[str, django_filters.Filter], queryset: QuerySet
) -> Any:
    """Return the rows that meet the filters named in the query. Raise Invalid for malformed values.

    The library's own filter set would copy every filter and build a form of all of them, for a list that
    names none.
    """
    values, errors = [], {}
    for name in [name for name in filters if name in parameters]:
        field = filters[name].field
        try:
            value = field.clean(field.widget.value_from_datadict(parameters, {}, name))
        except ValidationError as error:
            errors[name] = [str(message) for message in error.messages]
        else:
            values.append((filters[name], value))
    if errors:
        raise Invalid(errors=errors)
    for each, value in values:
        queryset = each.filter(queryset, value)
    return queryset


class OrderingFilter(BaseFilterBackend):
    """Order by ``?ordering=-created_at,name``. The resource declares the fields; the first one is the default."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: "APIView") -> Any:
        declared: tuple[str, ...] = tuple(getattr(view, "order", ()) or ("-created_at",))
        asked = [name.strip() for name in request.query_params.get(ORDERING, "").split(",") if name.strip()]
        allowed = {name.lstrip("-") for name in declared}
        unknown = [name for name in asked if name.removeprefix("-") not in allowed]
        if unknown or len({name.removeprefix("-") for name in asked}) < len(asked):
            raise Invalid(errors={ORDERING: [f"Name each of these at most once: {', '.join(sorted(allowed))}."]})
        return queryset.order_by(*(asked or declared[:1]))

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        declared = tuple(getattr(view, "order", ()) or ("-created_at",))
        names = sorted({sign + name.lstrip("-") for name in declared for sign in ("", "-")})
        items = {"type": "string", "enum": names}
        array = {"type": "array", "items": items, "uniqueItems": True, "default": [declared[0]]}
        return [
            {
                **_query(ORDERING, array, "Fields to order by; prefix `-` for descending."),
                "explode": False,
                "style": "form",
            }
        ]


def list_parameters(view: "APIView") -> list[str]:
    """Return the parameters that every list takes besides its filters."""
    soft = getattr(getattr(view, "model", None), "soft_deletable", False) and getattr(view, "can_delete", False)
    return [ORDERING, CURSOR, PAGE_SIZE, *([DELETED] if soft else [])]


def reject_unknown_parameters(request: Request, known: Iterable[str]) -> None:
    """Raise Invalid for unknown query parameters, so that a misspelt filter does not list everything."""
    known = sorted(known)
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        accepted = f"Use one of: {', '.join(known)}." if known else "This address takes none."
        raise Invalid(errors={name: [f"There is no such parameter. {accepted}"] for name in unknown})


def _query(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    parameter = {"name": name, "in": "query", "required": False, "schema": schema}
    return {**parameter, "description": description} if description else parameter


def _parameter(name: str, each: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string"}
    if isinstance(each, django_filters.UUIDFilter):
        item["format"] = "uuid"
    elif isinstance(each, MomentFilter):
        return _query(name, {"type": "string", "format": "date-time"}, WHOLE_DAY)
    elif isinstance(each, django_filters.DateFilter):
        item["format"] = "date"
    elif isinstance(each, django_filters.NumberFilter):
        item = {"type": "number"}
    elif isinstance(each, WholeNumberFilter):
        item = {"type": "integer", "minimum": each.extra["min_value"], "maximum": each.extra["max_value"]}
    choices = each.extra.get("choices")
    if choices:
        item["enum"] = [value for value, _label in (choices() if callable(choices) else choices)]
        item["type"] = "integer" if all(isinstance(value, int) for value in item["enum"]) else "string"
    if isinstance(each, InFilter):
        array = {"type": "array", "items": item, "maxItems": MAX_VALUES}
        return {**_query(name, array), "explode": False, "style": "form"}
    return _query(name, item)
