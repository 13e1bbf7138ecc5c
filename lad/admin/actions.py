"""Actions on one row: the link opens a form, and only the form's button acts.

An action with a ``preview`` needs a confirmation: the first submit shows what it would do, the second
does exactly that. If the preview has changed in between, the new one is shown instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

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
from lad.tenancy.middleware import outside_scope

if TYPE_CHECKING:
    from lad.admin.base import LadModelAdmin


# What the address says of an action's option, and the name under which the action gets it.
OPTION: Final = "option"
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
    """A preview of an action: facts, changed figures and warnings."""

    facts: Sequence[tuple[str, str]] = ()
    changes: Sequence[Change] = ()
    warnings: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Identify the preview. Figures are left out: a balance may move between preview and confirmation."""
        labels = [change.label for change in self.changes]
        return sha256(repr((list(self.facts), labels, list(self.warnings))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Option:
    """One of several things that an action can be about. Its key decides which form is asked for."""

    key: str
    title: str
    icon: str = ""
    explanation: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Afterwards(Generic[Result]):
    """Work that asks a foreign server. It runs outside any scope, once the action is committed."""

    work: Callable[[], Result]


@dataclass(frozen=True, slots=True)
class RowAction:
    """How an action is presented and when it applies."""

    title: str
    explanation: str
    form: FormClass | Callable[..., FormClass]
    permission: str
    when: Callable[[Any], bool]
    danger: bool
    step_up: bool
    asks: Callable[[Any], Any] | None = None
    preview: Callable[[Any, dict[str, Any]], Preview | None] | None = None
    seldom: bool = False
    options: Callable[[Any], Sequence[Option]] | None = None
    button: str = ""

    @property
    def button_title(self) -> str:
        return self.button or self.title

    @property
    def needs_confirmation(self) -> bool:
        return self.preview is not None


# A row action returns the message to show, or the work that returns it.
Answer = str | None | Afterwards[str] | Afterwards[str | None]


def row_action(
    title: str,
    *,
    explanation: str = "",
    form: FormClass | Callable[..., FormClass] = ConfirmationForm,
    permission: str = "change",
    when: Callable[[Any], bool] = lambda row: True,
    icon: str | None = None,
    danger: bool = False,
    step_up: bool = False,
    asks: Callable[[Any], Any] | None = None,
    preview: Callable[[Any, dict[str, Any]], Preview | None] | None = None,
    seldom: bool = False,
    options: Callable[[Any], Sequence[Option]] | None = None,
    button: str = "",
) -> Callable[[Callable[..., Answer]], Any]:
    """Make ``method(self, request, row, values)`` an action of the object page; list it in ``actions_detail``.

    The method runs inside the row's scope, calls a service and returns the message to show. A
    DomainError is shown on the form. ``form`` is a form class, or a function of the row that
    returns one. ``permission`` names the ``has_…_permission`` to ask; ``when`` hides the action
    where it does not apply. ``step_up`` asks for the caller's password or code first, unless they have
    just entered it. ``seldom`` puts the action into the page's menu “More”, if there are several of them.
    ``button`` is the text of the form's button, if that is not the title.

    With ``options`` the caller chooses one of them first. ``form`` is then a function of the row and the key of the
    option, which the values hold as ``OPTION``.

    ``asks(row)`` puts a question to a foreign server. It runs outside any transaction, before the method, which gets
    its answer as a fourth argument; it may raise a DomainError. Such an action has no preview. A method that returns
    ``Afterwards`` has the server asked once the action is committed.

    ``preview(row, values)`` returns what the action would do, for a page that must be confirmed. It
    may raise what the action would raise, and returns None if there is nothing left to do. Such a
    form has no file fields.
    """
    settings = RowAction(
        title, explanation, form, permission, when, danger, step_up, asks, preview, seldom, options, button
    )

    def decorate(method: Callable[..., Answer]) -> Any:
        @wraps(method)
        def view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return _run(self, request, object_id, settings, method)

        wrapped = action(description=title, icon=icon)(view)
        wrapped.row_action = settings
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
    method: Callable[..., Answer],
) -> HttpResponse:
    row = model_admin.get_row_or_404(request, object_id)
    if not getattr(model_admin, f"has_{settings.permission}_permission")(request, row):
        raise PermissionDenied
    if settings.step_up and (again := step_up(request)):
        return again
    back = model_admin.change_url(row)
    if not settings.when(row):
        messages.warning(request, f"“{settings.title}” does not apply to {row} in its current state.")
        return HttpResponseRedirect(back)
    chosen: Option | None = None
    if settings.options is not None:
        options = settings.options(row)
        chosen = next((option for option in options if option.key == request.GET.get(OPTION)), None)
        if chosen is None:
            context = {**_context(model_admin, request, row, settings, back), "options": options, "option_name": OPTION}
            return TemplateResponse(request, "lad/admin/options.html", context)
    form = _form(settings, request, row, chosen)
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
            answer = _answer(request, row, settings)
            with transaction.atomic(), model_admin.row_scope(request, row):
                values = {**form.cleaned_data, **({OPTION: chosen.key} if chosen else {})}
                preview = _unconfirmed_preview(request, row, settings, values)
                message = None if preview else method(model_admin, request, row, values, *answer)
            if isinstance(message, Afterwards):
                with outside_scope(request):
                    message = message.work()
        except DomainError as error:
            _add_error(form, error)
        else:
            if message:
                messages.success(request, message)
            if preview is None:
                return HttpResponseRedirect(back)
    return _page(model_admin, request, row, settings, form, request.path if chosen else back, preview)


def _form(settings: RowAction, request: HttpRequest, row: LadModel, chosen: Option | None) -> forms.Form:
    """Return the action's form, bound to what was sent."""
    form_class: Any = settings.form
    if not isinstance(form_class, type):
        form_class = form_class(row, chosen.key) if chosen else form_class(row)
    return apply_widgets(form_class(*((request.POST, request.FILES) if request.method == "POST" else ())))


def _answer(request: HttpRequest, row: LadModel, settings: RowAction) -> tuple[Any, ...]:
    """Return what the foreign server answers, as the method's further argument; nothing if none is asked."""
    if settings.asks is None:
        return ()
    with outside_scope(request):
        return (settings.asks(row),)


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
        **_context(model_admin, request, row, settings, back),
        "form": form,
        "preview": preview,
        "outdated": PREVIEW_DIGEST in request.POST,
        "digest_name": PREVIEW_DIGEST,
        "edit_name": EDIT,
    }
    template = "lad/admin/confirm.html" if preview else "lad/admin/row_action.html"
    return TemplateResponse(request, template, context)


def _context(
    model_admin: "LadModelAdmin", request: HttpRequest, row: LadModel, settings: RowAction, back: str
) -> dict[str, Any]:
    request.current_app = model_admin.admin_site.name
    return {
        **model_admin.admin_site.each_context(request),
        "title": settings.title,
        "subtitle": str(row),
        "object": row,
        "opts": model_admin.opts,
        "action": settings,
        "back": back,
    }
