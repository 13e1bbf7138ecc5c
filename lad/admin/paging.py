"""Lists that stay fast at a million rows: nothing is counted beyond a limit."""

from functools import cached_property
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.views import ChangeList

COUNT_LIMIT: Final = 10_000


class CappedPaginator(Paginator):
    """Counts up to a limit and stops: whoever looks for a row behind ten thousand others searches or filters."""

    template_name = "lad/admin/pagination.html"
    limit = COUNT_LIMIT
    narrowed = False

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, list):
            return len(rows)
        return int(rows.order_by()[: self.limit + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.limit)

    def page(self, number: Any) -> Page:
        """The rows of one page: first which they are, then all that a line of the list shows.

        Joined at once, the planner takes the other tables' row-level security for a filter that
        leaves few rows, and joins and sorts a tenant's whole table to find fifty.
        """
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows: Any = self.object_list
        if isinstance(rows, list):
            return super().page(number)
        keys = self._in_order(rows.select_related(None))[first : first + self.per_page].values("pk")
        return self._get_page(rows.filter(pk__in=keys), number, self)  # type: ignore[attr-defined]

    def _in_order(self, rows: Any) -> Any:
        """The rows as they are ordered; when a filter left few, in a way that no index serves.

        An index in that order promises the first fifty at once, but where few of a million rows match,
        it is read to the end; reading those few and sorting them takes no time.
        """
        order = rows.query.order_by
        if not self.narrowed or self.capped or not all(isinstance(name, str) for name in order):
            return rows
        return rows.order_by(*(_sorted_by(name) for name in order))

    @property
    def capped(self) -> bool:
        """Whether there are more rows than can be paged through."""
        return self._counted > self.limit


def _sorted_by(name: str) -> OrderBy:
    field = F(name.removeprefix("-"))
    return OrderBy(Coalesce(field, field), descending=name.startswith("-"))


class LadChangeList(ChangeList):
    """Says "3 results (show all)" only when something hides rows."""

    def apply_select_related(self, qs: Any) -> Any:
        return self.model_admin.listed(self.request, super().apply_select_related(qs))

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)
        self.title = capfirst(self.opts.verbose_name_plural)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count
