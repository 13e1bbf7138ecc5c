"""List actions that change any number of rows: a few at once, more as a job.

Both ways run the same job kind. The job gets exactly the rows that the list's filter selects when the action
is confirmed.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as delete_few
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from lad.admin.base import LadModelAdmin
from lad.admin.bulk import (
    ASKS,
    CONFIRMED,
    Question,
    any_number,
    confirmation_page,
    has_too_many,
    on_deleted,
    refuse_many,
    submitted_form,
)
from lad.jobs import services
from lad.jobs.deletion import DELETE, deletion_of
from lad.jobs.kinds import JobKind, Rows
from lad.jobs.restoring import RESTORE
from lad.tenancy.access import access_of
from lad.tenancy.context import platform_context
from lad.types import Values

# More rows become a job: a person waits for the answer.
MAX_ROWS_AT_ONCE: Final = 200
RUNS_IN_BACKGROUND: Final = "This runs in the background. You can watch its progress and cancel it at any time."
ONE_TENANT_ONLY: Final = "Select rows of one tenant only."

Action = Callable[[LadModelAdmin, HttpRequest, QuerySet[Any]], HttpResponse | None]


def bulk_action(
    title: str,
    *,
    kind: JobKind,
    form_of: Callable[[UUID], type[forms.Form]] | None = None,
    permission: str = "change",
    danger: bool = False,
) -> Action:
    """Return a list action that applies the job kind to the selected rows of one tenant.

    ``form_of(tenant_id)`` returns the form that asks for the kind's parameters; their names are the fields'.
    An action with ``danger`` asks first, however few the rows are.
    """

    @any_number
    @admin.action(description=title, permissions=[permission])
    def run(model_admin: LadModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        tenant_id = _tenant_of(request, queryset)
        if tenant_id is None:
            messages.warning(request, ONE_TENANT_ONLY)
            return None
        with _scope(request, tenant_id):
            count = services.own_rows(queryset).count()
            form = submitted_form(request, form_of(tenant_id) if form_of else forms.Form)
            asks = form_of is not None or danger or count > MAX_ROWS_AT_ONCE
            if asks and not form.is_valid():
                note = RUNS_IN_BACKGROUND if count > MAX_ROWS_AT_ONCE else ""
                question = Question(title, services.counted(queryset.model, count), count, note, danger)
                return confirmation_page(model_admin, request, queryset, form, question)
            parameters = form.cleaned_data if asks else {}
            return _apply(request, kind, queryset, parameters, count)

    setattr(run, ASKS, danger)
    return run


@any_number
@admin.action(description="Delete selected %(verbose_name_plural)s", permissions=["delete"])
def delete_selected(model_admin: LadModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Delete a few rows at once, after showing what goes with them. Delete more rows of one tenant as a job."""
    tenant_id = _tenant_of(request, queryset) if queryset.order_by().count() > MAX_ROWS_AT_ONCE else None
    if tenant_id is None:
        # The few, or rows of several tenants or of none, for which there are no jobs.
        return refuse_many(request) if has_too_many(queryset) else delete_few(model_admin, request, queryset)
    with _scope(request, tenant_id):
        count = services.own_rows(queryset).count()
        if CONFIRMED in request.POST:
            return _start(request, DELETE, queryset, deletion_of(queryset.model))
        note = f"What belongs to them is deleted too. {RUNS_IN_BACKGROUND}"
        question = Question("Delete", services.counted(queryset.model, count), count, note, danger=True)
        return confirmation_page(model_admin, request, queryset, forms.Form(), question)


@any_number
@on_deleted
@admin.action(description="Restore selected %(verbose_name_plural)s", permissions=["restore"])
def restore_selected(model_admin: LadModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Restore the selected rows as far as possible, and say which could not be restored and why."""
    rows = queryset.filter(deleted_at__isnull=False)
    tenant_id = _tenant_of(request, rows)
    if tenant_id is None:
        return _restore_across_tenants(model_admin, request, rows)
    with _scope(request, tenant_id):
        count = services.own_rows(rows).count()
        if count > MAX_ROWS_AT_ONCE and CONFIRMED not in request.POST:
            question = Question("Restore", services.counted(rows.model, count), count, RUNS_IN_BACKGROUND)
            return confirmation_page(model_admin, request, rows, forms.Form(), question)
        return _apply(request, RESTORE, rows, deletion_of(rows.model), count)


def _restore_across_tenants(
    model_admin: LadModelAdmin, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse | None:
    """Restore rows of several tenants or of none, for which there are no jobs."""
    if has_too_many(rows):
        return refuse_many(request)
    for row in rows.order_by("pk"):
        with model_admin.row_scope(request, row):
            [outcome] = RESTORE.change(Rows([row.pk], deletion_of(rows.model), access_of(request).user))
        if outcome.reason:
            messages.warning(request, f"{row}: {outcome.reason}")
        else:
            messages.success(request, f"{row} was restored.")
    return None


def _apply(
    request: HttpRequest, kind: JobKind, queryset: QuerySet[Any], parameters: Values, count: int
) -> HttpResponse | None:
    if count > MAX_ROWS_AT_ONCE:
        return _start(request, kind, queryset, parameters)
    counts = services.run_now(kind=kind, rows=queryset, parameters=parameters, access=access_of(request))
    total = services.counted(queryset.model, counts.total)
    were = "was" if counts.total == 1 else "were"
    messages.success(request, f"{counts.changed:,} of {total} {were} {kind.done(parameters)}.")
    names = kind.model(parameters).labels([each.key for each in counts.told])  # type: ignore[attr-defined]
    for outcome in counts.told:
        messages.warning(request, f"{names.get(outcome.key, outcome.key)}: {outcome.reason}")
    return None


def _start(request: HttpRequest, kind: JobKind, queryset: QuerySet[Any], parameters: Values) -> HttpResponse:
    job = services.start(kind=kind, rows=queryset, parameters=parameters, access=access_of(request))
    return HttpResponseRedirect(reverse("admin:jobs_job_change", args=(job.pk,)))


def _tenant_of(request: HttpRequest, queryset: QuerySet[Any]) -> UUID | None:
    """Return the tenant whose rows are selected, or None if they belong to several or to none."""
    field = queryset.model.tenancy.field
    chosen = access_of(request).tenant_id
    if field is None or chosen is not None:
        return chosen if field is not None else None
    found = list(queryset.order_by().values_list(field, flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else None


def _scope(request: HttpRequest, tenant_id: UUID) -> AbstractContextManager[None]:
    """Return the scope to change the rows in: platform staff work inside the rows' tenant."""
    access = access_of(request)
    return platform_context(tenant_id=tenant_id, user_id=access.user.pk) if access.platform else nullcontext()
