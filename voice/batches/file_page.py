"""The page that makes a batch from a file, after a look at what the file holds."""

import secrets
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.tenancy.access import access_of
from voice.batches.forms import FileForm, batch_values, calling_form
from voice.batches.jobs import create_with
from voice.batches.services.files import PHONE, PeopleFile, read_people
from voice.batches.services.previews import BatchPreview, preview_people

# How long a file waits for the confirmation, in seconds.
KEPT_FOR: Final = 15 * 60
KEPT_FIELD: Final = "_kept"
PROBLEMS_SHOWN: Final = 50
ONE_TENANT_ONLY: Final = "Choose a tenant first: a batch belongs to one."
GONE: Final = "The file was kept for 15 minutes, which have passed. Choose it again."


def file_page(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show who a file would call, and make the batch once that is confirmed."""
    access = access_of(request)
    if access.tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:voice_callbatch_changelist"))
    token = request.POST.get(KEPT_FIELD, "")
    if token:
        return _confirmed(request, token)
    form_class = calling_form(FileForm, access.tenant_id, access.user)
    form: Any = apply_widgets(form_class(*((request.POST, request.FILES) if request.method == "POST" else ())))
    file, preview = None, None
    if request.method == "POST" and form.is_valid():
        try:
            file, preview, token = _looked_at(request, form.cleaned_data)
        except DomainError as error:
            form.add_error("file", error.detail)
    return _page(model_admin, request, form, file, preview, token)


def _looked_at(request: HttpRequest, values: dict[str, Any]) -> tuple[PeopleFile, BatchPreview, str]:
    content = values.pop("file").read()
    file = read_people(content, columns=_columns(values))
    now = timezone.now()
    at = max(now, values.get("scheduled_at") or now)
    preview = preview_people([target for _number, target in file.people], purpose=values["purpose"], at=at)
    token = secrets.token_urlsafe(24)
    cache.set(_key(request, token), {"values": values, "content": content}, KEPT_FOR)
    return file, preview, token


def _confirmed(request: HttpRequest, token: str) -> HttpResponse:
    """Make the batch of the file that was looked at."""
    kept = cache.get(_key(request, token))
    if kept is None:
        messages.warning(request, GONE)
        return HttpResponseRedirect(request.path)
    cache.delete(_key(request, token))
    values = kept["values"]
    people = read_people(kept["content"], columns=_columns(values)).people
    try:
        started = create_with(values=batch_values(values), people=people, access=access_of(request))
    except DomainError as error:
        messages.error(request, f"No batch was made. {error.detail}")
        return HttpResponseRedirect(request.path)
    messages.success(request, f"{len(people):,} people are being added. Calling begins when all are in the batch.")
    return HttpResponseRedirect(reverse("admin:voice_callbatch_change", args=(started.batch.pk,)))


def _columns(values: dict[str, Any]) -> dict[str, str]:
    return {PHONE: values["phone_column"]} if values.get("phone_column") else {}


def _key(request: HttpRequest, token: str) -> str:
    access = access_of(request)
    return f"voice.batches.file:{access.tenant_id}:{access.user.pk}:{token}"


def _page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    form: Any,
    file: PeopleFile | None,
    preview: BatchPreview | None,
    token: str,
) -> HttpResponse:
    left_out = [each for each in preview.checks if not each.is_accepted] if preview else []
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Call the people of a file",
        "opts": model_admin.opts,
        "form": form,
        "file": file,
        "preview": preview,
        "sentences": preview.sentences() if preview else (),
        "problems": [
            {
                "line": file.people[each.index][0],
                "text": file.people[each.index][1].phone or file.people[each.index][1].name,
                "detail": each.detail,
            }
            for each in left_out[:PROBLEMS_SHOWN]
            if file is not None
        ],
        "more_problems": max(0, len(left_out) - PROBLEMS_SHOWN),
        "anybody": bool(preview and preview.judged > preview.skipped),
        "token_name": KEPT_FIELD,
        "token": token,
        "again": request.path,
        "back": reverse("admin:voice_callbatch_changelist"),
    }
    return TemplateResponse(request, "voice/admin/call_file.html", context)
