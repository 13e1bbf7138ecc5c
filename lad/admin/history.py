"""The history page of a row: what the audit log tells of it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.text import capfirst

# How many entries the page shows; older ones are in the audit log's own list.
SHOWN: Final = 200

Source = Callable[[Any, Any, int], Sequence[Any]]

_source: Source | None = None


def history_from(source: Source) -> None:
    """Name the function that tells a row's history: ``source(model, row_id, limit)``, the newest first.

    Each entry has ``at``, ``who``, ``action``, ``how`` and ``changes`` (``label``, ``old``, ``new``).
    """
    global _source
    _source = source


def history_page(model_admin: Any, request: HttpRequest, row: Any) -> TemplateResponse:
    """The page; the caller has checked that the row may be seen."""
    entries = list(_source(type(row), row.pk, SHOWN)) if _source else []
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"History of {row}",
        "subtitle": None,
        "entries": entries,
        "complete": len(entries) < SHOWN,
        "audited": getattr(type(row), "audited", False),
        "module_name": str(capfirst(model_admin.opts.verbose_name_plural)),
        "object": row,
        "opts": model_admin.opts,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/object_history.html", context)
