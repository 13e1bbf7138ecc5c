"""Actions on the rows of a list: which rows are selected, and the page that asks before they are changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from lad.admin.widgets import apply_widgets

if TYPE_CHECKING:
    from lad.admin.base import LadModelAdmin

CONFIRMED: Final = "confirmed"
SELECT_ACROSS: Final = "select_across"
MAX_ROWS_NAMED: Final = 5
# An action that is no job changes its rows within the request, so more rows than this would take too long.
MAX_ROWS_PER_ACTION: Final = 1_000


# Marks an action that may be run on any number of rows.
ANY_NUMBER: Final = "any_number"
# Marks an action that shows what it will change before it does.
ASKS: Final = "asks"
# Marks an action that makes sense for deleted rows.
ON_DELETED: Final = "on_deleted"
RESTORE_ROWS: Final = "restore_selected"

ActionT = TypeVar("ActionT", bound=Callable[..., Any])


def any_number(action: ActionT) -> ActionT:
    """Let an action run on any number of rows, because it starts a job, streams a file or takes few statements."""
    setattr(action, ANY_NUMBER, True)
    return action


def on_deleted(action: ActionT) -> ActionT:
    """Offer an action on lists of deleted rows too."""
    setattr(action, ON_DELETED, True)
    return action


@dataclass(frozen=True, slots=True)
class Question:
    """The texts of an action's confirmation page. ``rows`` is the number of rows in words, such as "1,200 leads"."""

    title: str
    rows: str
    count: int
    note: str = ""
    danger: bool = False


ListAction = Callable[["LadModelAdmin", HttpRequest, QuerySet[Any]], HttpResponse | None]


def asks_first(title: str, *, permission: str, note: str = "") -> Callable[[Callable[..., None]], ListAction]:
    """Make ``method(self, request, rows)`` a list action that shows which rows it will change before it does.

    For actions that cannot be undone. ``note`` says what they do.
    """

    def decorate(method: Callable[..., None]) -> ListAction:
        @admin.action(description=title, permissions=[permission])
        @wraps(method)
        def run(model_admin: "LadModelAdmin", request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
            if CONFIRMED in request.POST:
                method(model_admin, request, rows)
                return None
            count = rows.count()
            names = model_admin.opts.verbose_name if count == 1 else model_admin.opts.verbose_name_plural
            question = Question(title, f"{count:,} {names}", count, note, danger=True)
            return confirmation_page(model_admin, request, rows, forms.Form(), question)

        setattr(run, ASKS, True)
        return run

    return decorate


def chosen_action(request: HttpRequest) -> str:
    """Return the name of the action that was submitted: a list may have one form above and one below its rows."""
    names, index = request.POST.getlist("action"), request.POST.get("index", "0")
    place = int(index) if index.isdigit() else 0
    return names[place] if place < len(names) else ""


def selects_all(request: HttpRequest) -> bool:
    """Return whether all rows that match the list's filter are selected, on all of its pages."""
    return request.POST.get(SELECT_ACROSS) == "1"


def has_too_many(rows: QuerySet[Any]) -> bool:
    """Return whether there are more rows than an action may change within the request."""
    return int(rows.order_by()[: MAX_ROWS_PER_ACTION + 1].count()) > MAX_ROWS_PER_ACTION


def refuse_many(request: HttpRequest) -> HttpResponseRedirect:
    """Say that there are too many rows, and return to the list."""
    messages.error(request, f"This action can change at most {MAX_ROWS_PER_ACTION:,} rows. Filter the list first.")
    return HttpResponseRedirect(request.get_full_path())


def submitted_form(request: HttpRequest, form_class: type[forms.Form]) -> forms.Form:
    """Return the form of an action, with the values that were entered on its confirmation page."""
    return apply_widgets(form_class(request.POST if CONFIRMED in request.POST else None))


def confirmation_page(
    model_admin: "LadModelAdmin", request: HttpRequest, rows: QuerySet[Any], form: forms.Form, question: Question
) -> TemplateResponse:
    """Return the page that asks for an action's values and says how many rows it will change.

    It repeats the selection, not the rows: all rows of a filter are selected by the filter again.
    """
    named = list(rows[:MAX_ROWS_NAMED])
    across = selects_all(request)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "opts": model_admin.opts,
        "form": form,
        "question": question,
        "rows": named,
        "more": f"{more:,}" if (more := question.count - len(named)) > 0 else "",
        "across": across,
        # The list looks for the rows only if one is selected.
        "keys": [row.pk for row in named[:1]] if across else request.POST.getlist(ACTION_CHECKBOX_NAME),
        "action": chosen_action(request),
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
        "back": request.get_full_path(),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "lad/admin/bulk_action.html", context)
