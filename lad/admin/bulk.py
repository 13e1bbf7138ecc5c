"""Actions on the selected rows of a list that ask something first."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from lad.admin.widgets import dress

CONFIRMED = "confirmed"
NAMES_SHOWN = 5

Method = Callable[[Any, HttpRequest, list[Any], dict[str, Any]], str]


def bulk_action(title: str, *, form_of: Callable[[Any], type[forms.Form]], permission: str = "change") -> Any:
    """Make ``method(self, request, rows, values)`` a list action that first asks what ``form_of`` the tenant asks.

    The rows are of one tenant and the method runs in its scope; it returns the message to show.
    """

    def decorate(method: Method) -> Any:
        @admin.action(description=title, permissions=[permission])
        def run(self: Any, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
            rows = list(queryset)
            if not rows or len({row.tenant_id for row in rows}) > 1:
                messages.warning(request, "Choose rows of one tenant.")
                return None
            form = dress(form_of(rows[0].tenant_id)(request.POST if CONFIRMED in request.POST else None))
            if not form.is_valid():
                return _page(self, request, rows, form, title, method.__name__)
            with self.row_scope(request, rows[0]):
                messages.success(request, method(self, request, rows, form.cleaned_data))
            return None

        run.__name__ = method.__name__
        return run

    return decorate


def _page(
    model_admin: Any, request: HttpRequest, rows: list[Any], form: forms.Form, title: str, action: str
) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "form": form,
        "rows": rows[:NAMES_SHOWN],
        "more": max(len(rows) - NAMES_SHOWN, 0),
        "keys": [row.pk for row in rows],
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
        "back": request.get_full_path(),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "leads/admin/bulk.html", context)
