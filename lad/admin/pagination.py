"""Pagination that stays fast at a million rows: counting stops at a limit."""

from functools import cached_property
from typing import Any, Final
from urllib.parse import quote as urlquote

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from unfold.views import ChangeList

from lad.admin.filters import RefusedFilter, require_possible_times

COUNT_LIMIT: Final = 10_000
# Stands for a row's key in an address. What Django leaves as it is when it puts a key there.
ANY_KEY: Final = "any-key"
UNREADABLE: Final = "A filter in the address has a value that cannot be read."
URL_SAFE: Final = "!$&'()*+,;=/~:@"


class CappedPaginator(Paginator):
    """A paginator that counts up to a limit. Rows beyond it are found by search or filters."""

    template_name = "lad/admin/pagination.html"
    limit = COUNT_LIMIT
    narrowed = False
    # The number of rows, if whoever found them has counted them. More than the limit says that there are more.
    known_count: int | None = None

    @cached_property
    def _counted(self) -> int:
        if self.known_count is not None:
            return self.known_count
        rows: Any = self.object_list
        if isinstance(rows, list):
            return len(rows)
        return int(rows.order_by()[: self.limit + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.limit)

    def page(self, number: Any) -> Page:
        """Return the rows of one page: select their keys first, then fetch them with their joins.

        In a single query the planner takes the row-level security of the joined tables for a
        selective filter, and joins and sorts a tenant's whole table to find fifty rows.
        """
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows: Any = self.object_list
        if isinstance(rows, list):
            return super().page(number)
        return self._get_page(self.rows_between(first, first + self.per_page), number, self)  # type: ignore[attr-defined]

    def rows_between(self, first: int, end: int) -> QuerySet:
        """Return the rows at these places, not read yet."""
        rows: Any = self.object_list
        if not rows.query.select_related:
            return self._in_order(rows)[first:end]
        keys = self._in_order(rows.select_related(None))[first:end].values("pk")
        return rows.filter(pk__in=keys)

    def _in_order(self, rows: QuerySet) -> Any:
        """Return the rows in order; if a filter left few of them, by an expression that no index serves.

        With an index in that order the planner expects to find fifty rows early. If few of a million
        rows match, it reads the whole index instead. Sorting the few matching rows is fast.
        """
        order = [name for name in rows.query.order_by if isinstance(name, str)]
        if not self.narrowed or self.capped or len(order) < len(rows.query.order_by):
            return rows
        return rows.order_by(*(_sorted_by(name) for name in order))

    @property
    def capped(self) -> bool:
        """Return whether there are more rows than the limit."""
        return self._counted > self.limit


def _sorted_by(name: str) -> OrderBy:
    field = F(name.removeprefix("-"))
    return OrderBy(Coalesce(field, field), descending=name.startswith("-"))


def _is_empty_list(name: str, values: list[Any]) -> bool:
    return name.endswith("__in") and not any(str(value).strip(", ") for value in values)


def _require_possible_query(rows: QuerySet) -> None:
    """Raise RefusedFilter if the query cannot be written, which Django notices only when it runs it."""
    try:
        rows.query.sql_with_params()
    except EmptyResultSet:
        pass
    except (ValueError, OverflowError, TypeError, FieldError, ValidationError) as error:
        raise RefusedFilter(UNREADABLE) from error


class LadChangeList(ChangeList):
    """Show "3 results (show all)" only if a search or filter hides rows."""

    def apply_select_related(self, qs: QuerySet) -> Any:
        return self.model_admin.listed(self.request, super().apply_select_related(qs))

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)
        self.title = capfirst(self.opts.verbose_name_plural)

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the list's filters and what is left of the address. Refuse times that no calendar has."""
        for name, values in self.get_filters_params().items():
            require_possible_times(self.model, name, values)
        return super().get_filters(request)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: values for name, values in found.items() if not _is_empty_list(name, values)}

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet:
        """Return the rows. An empty list matches none. Raise RefusedFilter for an unusable value."""
        rows = super().get_queryset(request, exclude_parameters)
        if any(_is_empty_list(name, values) for name, values in self.filter_params.items()):
            return rows.none()
        if self.get_filters_params():
            _require_possible_query(rows)
        return rows

    def link_to(self, row: Model) -> str:
        """Return the address of the row's page, which leads back to this list as it is filtered now."""
        before, after = self._link
        return f"{before}{urlquote(str(quote(row.serializable_value(self.pk_attname))), safe=URL_SAFE)}{after}"

    @cached_property
    def _link(self) -> tuple[str, str]:
        """Return the parts of a row's address around its key, because resolving each address is slow."""
        options = self.opts
        name = f"{self.model_admin.admin_site.name}:{options.app_label}_{options.model_name}_change"
        filters = {"preserved_filters": self.preserved_filters, "opts": options}
        before, _, after = str(add_preserved_filters(filters, reverse(name, args=(ANY_KEY,)))).partition(ANY_KEY)
        return before, after

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count
