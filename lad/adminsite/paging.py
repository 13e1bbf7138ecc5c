"""Lists that stay fast at a million rows: nothing is counted beyond a limit."""

from functools import cached_property
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.views import ChangeList

COUNT_LIMIT: Final = 10_000


class CappedPaginator(Paginator):
    """Counts up to a limit and stops: whoever looks for a row behind ten thousand others searches or filters."""

    template_name = "lad/admin/pagination.html"
    limit = COUNT_LIMIT

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, list):
            return len(rows)
        return int(rows.order_by()[: self.limit + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.limit)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than can be paged through."""
        return self._counted > self.limit


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
