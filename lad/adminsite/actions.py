"""Actions on one row that ask before they act: the link opens a page, only its button does anything."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.decorators import action as unfold_action

from lad.adminsite.forms import EmptyForm
from lad.adminsite.widgets import dress
from lad.errors import DomainError, Invalid


@dataclass(frozen=True, slots=True)
class RowAction:
    """How an action presents itself and when it makes sense; what its form offers may depend on the row."""

    title: str
    explanation: str
    form: type[forms.Form] | Callable[[Any], type[forms.Form]]
    permission: str
    when: Callable[[Any], bool]
    danger: bool


def row_action(
    title: str,
    *,
    explanation: str = "",
    form: type[forms.Form] | Callable[[Any], type[forms.Form]] = EmptyForm,
    permission: str = "change",
    when: Callable[[Any], bool] = lambda row: True,
    icon: str | None = None,
    danger: bool = False,
) -> Callable[[Callable[..., str | None]], Any]:
    """Make ``method(self, request, row, values)`` an action of the object page; list it in ``actions_detail``.

    It runs inside the row's scope, calls a service, and returns the message to show. A DomainError
    is shown on the page. ``form`` is a form, or a function of the row that makes one. ``permission`` is
    the ``has_…_permission`` asked, ``when`` hides it where it makes no sense.
    """
    settings = RowAction(title, explanation, form, permission, when, danger)

    def decorate(method: Callable[..., str | None]) -> Any:
        @wraps(method)
        def view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return _ask_then_act(self, request, object_id, settings, method)

        wrapped = unfold_action(description=title, icon=icon)(view)
        wrapped.row_action = settings
        return wrapped

    return decorate


def _ask_then_act(
    model_admin: Any, request: HttpRequest, object_id: str, action: RowAction, method: Callable[..., str | None]
) -> HttpResponse:
    row = model_admin.get_row_or_404(request, object_id)
    if not getattr(model_admin, f"has_{action.permission}_permission")(request, row):
        raise PermissionDenied
    form_class: Any = action.form if isinstance(action.form, type) else action.form(row)
    form = dress(form_class(*((request.POST, request.FILES) if request.method == "POST" else ())))
    back = model_admin.change_url(row)
    if not action.when(row):
        messages.warning(request, f"“{action.title}” does not apply to {row} as it is now.")
        return HttpResponseRedirect(back)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(), model_admin.row_scope(request, row):
                message = method(model_admin, request, row, form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            if message:
                messages.success(request, message)
            return HttpResponseRedirect(back)
    return _page(model_admin, request, row, action, form, back)


def _show(form: forms.Form, error: DomainError) -> None:
    if isinstance(error, Invalid) and error.errors:
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else None, list(texts))
    else:
        form.add_error(None, error.detail)


def _page(
    model_admin: Any, request: HttpRequest, row: Any, action: RowAction, form: forms.Form, back: str
) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": action.title,
        "subtitle": str(row),
        "object": row,
        "opts": model_admin.opts,
        "action": action,
        "form": form,
        "back": back,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "lad/admin/row_action.html", context)
