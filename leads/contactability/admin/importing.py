"""The page that imports a list of addresses after a preview."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from lad.admin.uploads import UploadField
from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contactability import services
from leads.contactability.jobs import start_import
from leads.contactability.models import ALL_CHANNELS, SuppressionReason
from leads.contactability.serializers import MAX_SOURCE

# How long a file waits for the confirmation, in seconds.
KEPT_FOR: Final = 15 * 60
MAX_BYTES: Final = 25 * 1024 * 1024
# More lines become a job: a person waits for the answer.
MAX_LINES_AT_ONCE: Final = 1_000
PROBLEMS_SHOWN: Final = 50
KEPT_FIELD: Final = "_kept"
ONE_TENANT_ONLY: Final = "Choose a tenant first: the list belongs to one."
GONE: Final = "The file was kept for 15 minutes, which have passed. Choose it again."


class ImportForm(forms.Form):
    """Asks for the file, and what to do with its addresses."""

    file = UploadField(extensions=("csv", "txt", "xlsx"), max_bytes=MAX_BYTES)
    channel = forms.ChoiceField(choices=[(ALL_CHANNELS, "All channels"), *Channel.choices], initial=ALL_CHANNELS)
    reason = forms.ChoiceField(choices=SuppressionReason.choices, initial=SuppressionReason.IMPORTED)
    source = forms.CharField(required=False, max_length=MAX_SOURCE, help_text="Where the list comes from.")


def import_page(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show what a file holds, and put its addresses on the list once that is confirmed."""
    back = reverse("admin:leads_suppression_changelist")
    if access_of(request).tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(back)
    token = request.POST.get(KEPT_FIELD, "")
    if token:
        return _confirmed(model_admin, request, token, back)
    form: Any = apply_widgets(ImportForm(*((request.POST, request.FILES) if request.method == "POST" else ())))
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            rows = _rows(request, services.rows_of_file(form.cleaned_data["file"].read()))
            preview = services.preview_import(rows, channel=form.cleaned_data["channel"])
        except DomainError as error:
            form.add_error("file", error.detail)
        else:
            token = _keep(request, form.cleaned_data, rows)
    return _page(model_admin, request, form, preview, token, back)


def _confirmed(model_admin: ModelAdmin, request: HttpRequest, token: str, back: str) -> HttpResponse:
    """Import the file that was previewed."""
    kept = cache.get(_key(request, token))
    if kept is None:
        messages.warning(request, GONE)
        return HttpResponseRedirect(reverse("admin:leads_suppression_import_list"))
    cache.delete(_key(request, token))
    options = {name: kept[name] for name in ("channel", "reason", "source")}
    if len(kept["rows"]) > MAX_LINES_AT_ONCE:
        job = start_import(lines=kept["rows"], **options, access=access_of(request))
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=(job.pk,)))
    result = services.import_rows(_rows(request, kept["rows"]), **options, actor=access_of(request).user)
    counts = {name: result.count(name) for name in ("added", "listed", "repeated", "invalid")}
    text = f"{counts['added']:,} were added to the do-not-contact list."
    more = {
        "listed": "were on it already",
        "repeated": "were there twice in the file",
        "invalid": "were not understood",
    }
    text += "".join(f" {counts[name]:,} {what}." for name, what in more.items() if counts[name])
    messages.success(request, text)
    return HttpResponseRedirect(back)


def _rows(request: HttpRequest, rows: Sequence[tuple[int, str]]) -> list[services.ReadRow]:
    tenant_id = access_of(request).tenant_id
    assert tenant_id is not None  # import_page has asked
    return services.read_rows(rows, tenant_id=tenant_id)


def _keep(request: HttpRequest, values: dict[str, Any], rows: Sequence[services.ReadRow]) -> str:
    """Keep a file until it is confirmed. Return the name it is kept under."""
    token = secrets.token_urlsafe(24)
    options = {name: values[name] for name in ("channel", "reason", "source")}
    cache.set(_key(request, token), {**options, "rows": [(row.number, row.text) for row in rows]}, KEPT_FOR)
    return token


def _key(request: HttpRequest, token: str) -> str:
    access = access_of(request)
    return f"leads.suppressions.import:{access.tenant_id}:{access.user.pk}:{token}"


def _page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    form: forms.Form,
    preview: services.ImportPreview | None,
    token: str,
    back: str,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Import a do-not-contact list",
        "opts": model_admin.opts,
        "form": form,
        "preview": preview,
        "problems": preview.problems[:PROBLEMS_SHOWN] if preview else (),
        "more_problems": max(0, len(preview.problems) - PROBLEMS_SHOWN) if preview else 0,
        "is_long": bool(preview and preview.lines > MAX_LINES_AT_ONCE),
        "token_name": KEPT_FIELD,
        "token": token,
        "again": request.path,
        "back": back,
    }
    return TemplateResponse(request, "leads/admin/import_suppressions.html", context)
