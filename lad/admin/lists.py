"""List pages: columns, filters, search and ordering, with defaults from the model's fields."""

from collections.abc import Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR
from django.core.exceptions import BadRequest
from django.db import DataError, models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from lad.admin import defaults
from lad.admin.bulk import ON_DELETED, RESTORE_ROWS
from lad.admin.filters import DeletedFilter, RefusedFilter, emptiness_filters, filter_for
from lad.admin.pagination import CappedPaginator, LadChangeList
from lad.admin.permissions import can_view
from lad.admin.tenant_choice import TenantChoice
from lad.db.fields import is_secret
from lad.db.identifiers import uuid_or_none
from lad.db.models import LadModel
from lad.db.normalised import PhoneField
from lad.db.phone_search import phone_term
from lad.errors import Invalid
from lad.limits import searchable
from lad.search import matching
from lad.tenancy.access import access_of

# The ends of search fields that are compared with the whole term. Others are searched for its words.
LOOKUPS = ("__exact", "__startswith", "__istartswith")
# Query parameters that do not filter rows.
PLAIN_PARAMETERS = (PAGE_VAR, ORDER_VAR, ALL_VAR, IS_POPUP_VAR, TO_FIELD_VAR)


class BadFilter(Invalid, BadRequest):
    """A filter in the address has a value that cannot be read. Open the list again and choose another one."""


class ListPages(TenantChoice, ModelAdmin):
    """The list page of a model."""

    soft: bool
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    list_filter_submit = True
    list_fullwidth = True

    def get_list_display(self, request: HttpRequest) -> Any:
        return [defaults.list_column(self.model, name) for name in self._columns(request)]

    def _columns(self, request: HttpRequest) -> list[Any]:
        columns = list(self.list_display if self.list_display != ("__str__",) else defaults.list_display(self.model))
        if self.shows_tenant(request) and "tenant" not in columns:
            columns.insert(1, "tenant")
        return columns

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        declared = self.list_select_related if not isinstance(self.list_select_related, bool) else ()
        return [*dict.fromkeys([*declared, *defaults.select_related(self.model, self._columns(request))])]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        """Return the rows with the related rows that the columns show."""
        return rows.prefetch_related(*defaults.prefetch_related(self.model, self._columns(request)))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        names = self.list_filter or defaults.filter_fields(self.model)
        allowed = [name for name in names if self._can_filter(request, name)]
        filters = [*(filter_for(self.model, name) for name in allowed), *emptiness_filters(self.model, allowed)]
        return [*filters, DeletedFilter] if self.soft else filters

    def _can_filter(self, request: HttpRequest, name: Any) -> bool:
        """Return whether the caller may see the rows that a filter offers."""
        field = defaults.field_or_none(self.model, name) if isinstance(name, str) else None
        return field is None or not field.is_relation or can_view(request, field.related_model)

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        return self.search_fields or defaults.search_fields(self.model)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Find rows by id or by a column that holds the id; search other terms in the search fields."""
        if not search_term.strip():
            return queryset, False
        if not searchable(search_term):
            return queryset.none(), False
        key = uuid_or_none(search_term.strip())
        if key is None:
            return self._with_text(request, queryset, search_term), False
        carrying = models.Q(pk=key) if isinstance(self.model._meta.pk, models.UUIDField) else models.Q()
        for field in defaults.visible_fields(self.model):
            if isinstance(field, models.UUIDField):
                carrying |= models.Q(**{field.name: key})
        return queryset.filter(carrying), False

    def _with_phone(self, names: Sequence[str], term: str) -> models.Q:
        """Return the condition that one of the named telephone numbers begins as the term does, if it is a number."""
        fields = [name.partition("__")[0] for name in names]
        phones = [name for name in fields if isinstance(defaults.field_or_none(self.model, name), PhoneField)]
        meant = phone_term(term) if phones else None
        found = models.Q(pk__in=[])
        if meant is not None:
            for name in phones:
                found |= meant.in_text(name)
        return found

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the list's actions: deleted rows can be restored, all others not."""
        actions = super().get_actions(request)
        shown = request.GET.get(DeletedFilter.parameter_name)
        if not self.soft or shown == "all":
            return actions
        return {
            name: entry
            for name, entry in actions.items()
            if (shown == "yes" and getattr(entry[0], ON_DELETED, False)) or (shown != "yes" and name != RESTORE_ROWS)
        }

    def _with_text(self, request: HttpRequest, rows: QuerySet, term: str) -> QuerySet:
        """Return the rows found by the words of the term, or by the whole term in fields named with a lookup."""
        names = [name for name in self.get_search_fields(request) if name != "id__exact"]
        by_words = [name for name in names if not name.endswith(LOOKUPS)]
        found = models.Q(pk__in=[])
        for name in names:
            if name not in by_words:
                # Addresses and keys are stored in lower case.
                found |= models.Q(**{name: term.strip()}) | models.Q(**{name: term.strip().lower()})
        if by_words and (words := matching(self.model, by_words, term)) is not None:
            found |= words
        return rows.filter(found | self._with_phone(names, term))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse to filter by a secret: the rows found would give it away letter by letter."""
        field = defaults.field_or_none(self.model, lookup.partition("__")[0])
        return not is_secret(field) and super().lookup_allowed(lookup, value, request)

    def get_ordering(self, request: HttpRequest) -> Any:
        one_tenant = access_of(request).tenant_id is not None
        return self.ordering or defaults.ordering(self.model, one_tenant=one_tenant)

    def get_autocomplete_fields(self, request: HttpRequest) -> Sequence[str]:
        registry = self.admin_site._registry
        keys = (f for f in self.model._meta.concrete_fields if f.is_relation)
        return [f.name for f in keys if f.related_model in registry]

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> CappedPaginator:
        paginator: CappedPaginator = super().get_paginator(request, *args, **kwargs)
        paginator.narrowed = any(value for name, value in request.GET.items() if name not in PLAIN_PARAMETERS)
        return paginator

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list. Raise BadFilter for a filter with a value that the database does not know.

        An unknown filter, or a value that is none, leads back to the whole list with a message.
        """
        try:
            return super().get_changelist_instance(request)
        except RefusedFilter as error:
            raise BadFilter(str(error)) from error
        except DataError as error:
            raise BadFilter from error
        except IncorrectLookupParameters:
            messages.error(request, "A filter in the address cannot be read. All rows are shown.")
            raise

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LadChangeList]:
        return LadChangeList


def computed_once(method: Any) -> Any:
    """Compute a column or field once per row: templates ask several times, and it may cost a query."""

    @wraps(method)
    def show(self: Any, obj: LadModel) -> Any:
        made = vars(obj).setdefault("_shown", {})
        if method.__name__ not in made:
            made[method.__name__] = method(self, obj)
        return made[method.__name__]

    return show
