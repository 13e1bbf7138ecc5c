"""Actions on one row: the link opens a form, and only the form's button acts.

An action with a ``preview`` needs a confirmation: the first submit shows what it would do, the second
does exactly that. If the preview has changed in between, the new one is shown instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.decorators import action

from lad.admin.forms import ConfirmationForm
from lad.admin.step_up import step_up
from lad.admin.widgets import apply_widgets
from lad.db.models import LadModel
from lad.errors import DomainError, Invalid
from lad.tenancy.access import access_of

if TYPE_CHECKING:
    from lad.admin.base import LadModelAdmin


# What the confirmation page sends: the digest of the preview it showed, or the wish to edit the form again.
PREVIEW_DIGEST: Final = "_preview"
EDIT: Final = "_edit"

Result = TypeVar("Result")
FormClass = type[forms.Form]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after an action."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action is about to do: facts, changed figures and warnings."""

    facts: Sequence[tuple[str, str]] = ()
    changes: Sequence[Change] = ()
    warnings: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Identify the preview. Figures are left out: a balance may move between preview and confirmation."""
        labels = [change.label for change in self.changes]
        return sha256(repr((list(self.facts), labels, list(self.warnings))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RowAction:
    """How an action is presented and when it applies."""

    title: str
    explanation: str
    form: FormClass | Callable[[Any], FormClass]
    permission: str
    when: Callable[[Any], bool]
    danger: bool
    step_up: bool
    outside: bool
    preview: Callable[[Any, dict[str, Any]], Preview | None] | None = None

    @property
    def needs_confirmation(self) -> bool:
        return self.preview is not None


def row_action(
    title: str,
    *,
    explanation: str = "",
    form: FormClass | Callable[[Any], FormClass] = ConfirmationForm,
    permission: str = "change",
    when: Callable[[Any], bool] = lambda row: True,
    icon: str | None = None,
    danger: bool = False,
    step_up: bool = False,
    outside: bool = False,
    preview: Callable[[Any, dict[str, Any]], Preview | None] | None = None,
) -> Callable[[Callable[..., str | None]], Any]:
    """Make ``method(self, request, row, values)`` an action of the object page; list it in ``actions_detail``.

    The method runs inside the row's scope, calls a service and returns the message to show. A
    DomainError is shown on the form. ``form`` is a form class, or a function of the row that
    returns one. ``permission`` names the ``has_…_permission`` to ask; ``when`` hides the action
    where it does not apply. ``step_up`` asks for the caller's password or code first, unless they have
    just entered it.

    An action with ``outside`` calls another computer: the method runs outside any scope and transaction, and has
    neither a form nor a preview.

    ``preview(row, values)`` returns what the action would do, for a page that must be confirmed. It
    may raise what the action would raise, and returns None if there is nothing left to do. Such a
    form has no file fields.
    """
    settings = RowAction(title, explanation, form, permission, when, danger, step_up, outside, preview)

    def decorate(method: Callable[..., str | None]) -> Any:
        @wraps(method)
        def view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return _run(self, request, object_id, settings, method)

        wrapped = action(description=title, icon=icon)(view)
        wrapped.row_action = settings
        if outside:
            wrapped.self_scoped_actions = frozenset({"post"})
        return wrapped

    return decorate


def in_status(*statuses: str) -> Callable[[Any], bool]:
    """Return a condition for ``when``: the row has one of these statuses."""
    return lambda row: row.status in statuses


def dry_run(act: Callable[[], Result]) -> Result:
    """Run ``act`` and roll it back. Return what it returned, raise what it raised."""
    with transaction.atomic():
        result = act()
        transaction.set_rollback(True)
    return result


def _run(
    model_admin: "LadModelAdmin",
    request: HttpRequest,
    object_id: str,
    settings: RowAction,
    method: Callable[..., str | None],
) -> HttpResponse:
    if settings.outside and request.method == "POST":
        return _run_outside(model_admin, request, object_id, settings, method)
    row = model_admin.get_row_or_404(request, object_id)
    if not getattr(model_admin, f"has_{settings.permission}_permission")(request, row):
        raise PermissionDenied
    if settings.step_up and (again := step_up(request)):
        return again
    form_class: Any = settings.form if isinstance(settings.form, type) else settings.form(row)
    form = apply_widgets(form_class(*((request.POST, request.FILES) if request.method == "POST" else ())))
    back = model_admin.change_url(row)
    if not settings.when(row):
        messages.warning(request, f"“{settings.title}” does not apply to {row} in its current state.")
        return HttpResponseRedirect(back)
    preview = None
    if request.method == "GET" and settings.preview is not None and not form.fields:
        # Nothing is to be filled in, so what would happen is shown at once.
        try:
            with model_admin.row_scope(request, row):
                preview = settings.preview(row, {})
        except DomainError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(back)
    if request.method == "POST" and EDIT not in request.POST and form.is_valid():
        try:
            with transaction.atomic(), model_admin.row_scope(request, row):
                preview = _unconfirmed_preview(request, row, settings, form.cleaned_data)
                message = None if preview else method(model_admin, request, row, form.cleaned_data)
        except DomainError as error:
            _add_error(form, error)
        else:
            if message:
                messages.success(request, message)
            if preview is None:
                return HttpResponseRedirect(back)
    return _page(model_admin, request, row, settings, form, back, preview)


def _run_outside(
    model_admin: "LadModelAdmin",
    request: HttpRequest,
    object_id: str,
    settings: RowAction,
    method: Callable[..., str | None],
) -> HttpResponse:
    """Check the row and the right in the caller's scope, and call the method after it."""
    with access_of(request).scope():
        row = model_admin.get_row_or_404(request, object_id)
        if not getattr(model_admin, f"has_{settings.permission}_permission")(request, row):
            raise PermissionDenied
        applies = settings.when(row)
    if not applies:
        messages.warning(request, f"“{settings.title}” does not apply to {row} in its current state.")
        return HttpResponseRedirect(model_admin.change_url(row))
    try:
        message = method(model_admin, request, row, {})
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        if message:
            messages.success(request, message)
    return HttpResponseRedirect(model_admin.change_url(row))


def _unconfirmed_preview(
    request: HttpRequest, row: LadModel, settings: RowAction, values: dict[str, Any]
) -> Preview | None:
    """Return the preview to confirm, or None if it was confirmed or there is none."""
    preview = settings.preview(row, values) if settings.preview else None
    return None if preview is None or request.POST.get(PREVIEW_DIGEST) == preview.digest else preview


def _add_error(form: forms.Form, error: DomainError) -> None:
    if isinstance(error, Invalid) and error.errors:
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else None, list(texts))
    else:
        form.add_error(None, error.detail)


def _page(
    model_admin: "LadModelAdmin",
    request: HttpRequest,
    row: LadModel,
    settings: RowAction,
    form: forms.Form,
    back: str,
    preview: Preview | None,
) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": settings.title,
        "subtitle": str(row),
        "object": row,
        "opts": model_admin.opts,
        "action": settings,
        "form": form,
        "back": back,
        "preview": preview,
        "outdated": PREVIEW_DIGEST in request.POST,
        "digest_name": PREVIEW_DIGEST,
        "edit_name": EDIT,
    }
    request.current_app = model_admin.admin_site.name
    template = "lad/admin/confirm.html" if preview else "lad/admin/row_action.html"
    return TemplateResponse(request, template, context)
