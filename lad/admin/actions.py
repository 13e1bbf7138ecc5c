"""Actions on one row that ask before they act: the link opens a page, only its button does anything.

An action with a ``look`` asks twice: what was entered comes back as what it would do, and only what
was looked at is done. When that has changed in the meantime, the new look is shown instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import Any, Final, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.decorators import action as unfold_action

from lad.admin.forms import EmptyForm
from lad.admin.widgets import dress
from lad.errors import DomainError, Invalid

# What the second page sends: the digest of what it showed, or the wish to go back to the entries.
SEEN: Final = "_seen"
EDIT: Final = "_edit"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Move:
    """A figure that an action moves."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Look:
    """What an action is about to do: what it is about, what it moves, and what to mind."""

    facts: Sequence[tuple[str, str]] = ()
    moves: Sequence[Move] = ()
    warnings: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """The same while what would be done is the same; the figures it moves may move on by themselves."""
        moved = [move.what for move in self.moves]
        return sha256(repr((list(self.facts), moved, list(self.warnings))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RowAction:
    """How an action presents itself and when it makes sense; what its form offers may depend on the row."""

    title: str
    explanation: str
    form: type[forms.Form] | Callable[[Any], type[forms.Form]]
    permission: str
    when: Callable[[Any], bool]
    danger: bool
    look: Callable[[Any, dict[str, Any]], Look | None] | None = None

    @property
    def asks_twice(self) -> bool:
        return self.look is not None


def row_action(
    title: str,
    *,
    explanation: str = "",
    form: type[forms.Form] | Callable[[Any], type[forms.Form]] = EmptyForm,
    permission: str = "change",
    when: Callable[[Any], bool] = lambda row: True,
    icon: str | None = None,
    danger: bool = False,
    look: Callable[[Any, dict[str, Any]], Look | None] | None = None,
) -> Callable[[Callable[..., str | None]], Any]:
    """Make ``method(self, request, row, values)`` an action of the object page; list it in ``actions_detail``.

    It runs inside the row's scope, calls a service, and returns the message to show. A DomainError
    is shown on the page. ``form`` is a form, or a function of the row that makes one. ``permission`` is
    the ``has_…_permission`` asked, ``when`` hides it where it makes no sense.

    ``look(row, values)`` says what the action would do, for a second page that must be confirmed; it
    may raise what the action would, and gives None for what is done already. Such a form has no files.
    """
    settings = RowAction(title, explanation, form, permission, when, danger, look)

    def decorate(method: Callable[..., str | None]) -> Any:
        @wraps(method)
        def view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return _ask_then_act(self, request, object_id, settings, method)

        wrapped = unfold_action(description=title, icon=icon)(view)
        wrapped.row_action = settings
        return wrapped

    return decorate


def in_status(*statuses: str) -> Callable[[Any], bool]:
    """For ``when``: the row is in one of these statuses."""
    return lambda row: row.status in statuses


def rehearse(act: Callable[[], Result]) -> Result:
    """What ``act`` gives when it is done, taken back at once: the truest look. Raises what it raises."""
    with transaction.atomic():
        result = act()
        transaction.set_rollback(True)
    return result


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
    look = None
    if request.method == "POST" and EDIT not in request.POST and form.is_valid():
        try:
            with transaction.atomic(), model_admin.row_scope(request, row):
                look = _unseen(request, row, action, form.cleaned_data)
                message = None if look else method(model_admin, request, row, form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            if message:
                messages.success(request, message)
            if look is None:
                return HttpResponseRedirect(back)
    return _page(model_admin, request, row, action, form, back, look)


def _unseen(request: HttpRequest, row: Any, action: RowAction, values: dict[str, Any]) -> Look | None:
    """What is to be looked at before the action; None when it was confirmed, or there is nothing to look at."""
    look = action.look(row, values) if action.look else None
    return None if look is None or request.POST.get(SEEN) == look.digest else look


def _show(form: forms.Form, error: DomainError) -> None:
    if isinstance(error, Invalid) and error.errors:
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else None, list(texts))
    else:
        form.add_error(None, error.detail)


def _page(
    model_admin: Any,
    request: HttpRequest,
    row: Any,
    action: RowAction,
    form: forms.Form,
    back: str,
    look: Look | None,
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
        "look": look,
        "overtaken": SEEN in request.POST,
        "seen_name": SEEN,
        "edit_name": EDIT,
    }
    request.current_app = model_admin.admin_site.name
    template = "lad/admin/second_look.html" if look else "lad/admin/row_action.html"
    return TemplateResponse(request, template, context)
