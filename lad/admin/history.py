"""The history page of a row, read from the audit log."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from lad.db.models import LadModel

if TYPE_CHECKING:
    from lad.admin.base import LadModelAdmin


MAX_ENTRIES_SHOWN: Final = 200

HistorySource = Callable[[Any, Any, int], Sequence[Any]]

_source: HistorySource | None = None


def set_history_source(source: HistorySource) -> None:
    """Set the function that returns a row's history, newest first: ``source(model, row_id, limit)``.

    Each entry has ``at``, ``who``, ``action``, ``how`` and ``changes`` (``label``, ``old``, ``new``).
    """
    global _source
    _source = source


def history_page(model_admin: "LadModelAdmin", request: HttpRequest, row: LadModel) -> TemplateResponse:
    """Return the page. The caller has checked that the user may see the row."""
    entries = list(_source(type(row), row.pk, MAX_ENTRIES_SHOWN)) if _source else []
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"History of {row}",
        "subtitle": None,
        "entries": entries,
        "complete": len(entries) < MAX_ENTRIES_SHOWN,
        "audited": getattr(type(row), "audited", False),
        "module_name": str(capfirst(model_admin.opts.verbose_name_plural)),
        "object": row,
        "opts": model_admin.opts,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/object_history.html", context)
