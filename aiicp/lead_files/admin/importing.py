"""The page that imports a file of leads: upload, mapping with a preview, choices, and then a job."""

import secrets
import zlib
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from aiicp.lead_files import services
from aiicp.lead_files.columns import COLUMNS
from aiicp.lead_files.files import EXTENSIONS, MAX_BYTES, read_file, rows_of_file
from aiicp.lead_files.jobs import start_import
from aiicp.lead_files.mapping import CUSTOM, NOTHING, MappedColumn, propose
from aiicp.lead_files.rows import cells_of
from aiicp.lead_files.template import NAME, csv_template, xlsx_template
from lad.admin.uploads import UploadField
from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.spreadsheets import CONTENT_TYPE as CSV_TYPE
from lad.spreadsheets import named_download
from lad.tenancy.access import access_of
from lad.xlsx import CONTENT_TYPE as XLSX_TYPE
from leads.contacts.services.duplicates import Duplicates
from leads.pipeline.admin.choices import NOBODY, member_choices

# How long a file waits for the confirmation, in seconds.
KEPT_FOR: Final = 30 * 60
KEPT_FIELD: Final = "_kept"
IMPORT_FIELD: Final = "_import"
TEMPLATE_PARAMETER: Final = "template"
ISSUES_SHOWN: Final = 50
ROWS_SHOWN: Final = 5
ONE_TENANT_ONLY: Final = "Choose a tenant first: leads belong to one."
GONE: Final = "The file was kept for 30 minutes, which have passed. Choose it again."
HOLDS: Final = [
    (NOTHING, "Leave out"),
    *((column.key, column.label) for column in COLUMNS),
    (CUSTOM, "Keep under its own heading"),
]
DUPLICATES: Final = [
    (Duplicates.SKIP, "Leave them as they are"),
    (Duplicates.UPDATE, "Complete them: fill in what they lack, change nothing else"),
    (Duplicates.CREATE, "Create another lead for each"),
]
MAX_TAGS, MAX_TAG = 50, 100


class FileForm(forms.Form):
    """Asks for the file."""

    file = UploadField(extensions=EXTENSIONS, max_bytes=MAX_BYTES)


class MappingForm(forms.Form):
    """Asks what each column holds, and what to do with the rows."""

    duplicates = forms.ChoiceField(
        choices=DUPLICATES, initial=Duplicates.SKIP, label="Leads that exist already", required=True
    )
    owner = forms.ChoiceField(required=False, label="Assign new leads to")
    tags = forms.CharField(
        required=False, max_length=1_000, help_text="For new leads, separated by commas: trade fair, 2026"
    )

    def __init__(self, *args: Any, columns: tuple[MappedColumn, ...], tenant_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [NOBODY, *member_choices(tenant_id)]  # type: ignore[attr-defined]
        self.columns = columns
        for column in columns:
            self.fields[f"column_{column.place}"] = forms.ChoiceField(
                choices=HOLDS,
                required=False,
                initial=column.key,
                label=column.heading or f"Column {column.place + 1}",
            )

    def clean_tags(self) -> list[str]:
        tags = list(dict.fromkeys(filter(None, (each.strip() for each in self.cleaned_data["tags"].split(",")))))
        if len(tags) > MAX_TAGS or any(len(each) > MAX_TAG for each in tags):
            raise forms.ValidationError(f"Enter at most {MAX_TAGS} tags of at most {MAX_TAG} characters.")
        return tags

    @property
    def mapping(self) -> dict[int, str]:
        return {column.place: self.cleaned_data[f"column_{column.place}"] for column in self.columns}

    def choices_of_columns(self) -> list[tuple[MappedColumn, forms.BoundField]]:
        return [(column, self[f"column_{column.place}"]) for column in self.columns]

    def other_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("duplicates", "owner", "tags")]


def import_page(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show what a file holds, let people correct it, and start the job that imports it."""
    if request.method == "GET" and request.GET.get(TEMPLATE_PARAMETER) in _TEMPLATES:
        return _template(request.GET[TEMPLATE_PARAMETER])
    tenant_id = access_of(request).tenant_id
    if tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))
    if token := request.POST.get(KEPT_FIELD, ""):
        kept = cache.get(_key(request, token))
        if kept is None:
            messages.warning(request, GONE)
            return HttpResponseRedirect(request.path)
        return _mapping_step(model_admin, request, token, kept, tenant_id)
    form: Any = apply_widgets(FileForm(*((request.POST, request.FILES) if request.method == "POST" else ())))
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            content = upload.read()
            # Refuses what cannot be read before it is kept.
            read_file(content)
            kept = {"name": upload.name, "content": zlib.compress(content)}
            token = secrets.token_urlsafe(24)
            cache.set(_key(request, token), kept, KEPT_FOR)
            return _mapping_step(model_admin, request, token, kept, tenant_id, first=True)
        except DomainError as error:
            form.add_error("file", error.detail)
    return _page(model_admin, request, form=form)


def _mapping_step(
    model_admin: ModelAdmin,
    request: HttpRequest,
    token: str,
    kept: dict[str, Any],
    tenant_id: UUID,
    *,
    first: bool = False,
) -> HttpResponse:
    """Show the columns with a preview; import the rows once that is asked for."""
    content = zlib.decompress(kept["content"])
    table = read_file(content)
    columns = propose(table)
    form: Any = MappingForm(*(() if first else (request.POST,)), columns=columns, tenant_id=tenant_id)
    apply_widgets(form)
    chosen = form.mapping if not first and form.is_valid() else {}
    found, problem = None, ""
    try:
        if first or form.is_valid():
            found = services.assess_table(table, now=timezone.now(), mapping=chosen)
        if found is not None and IMPORT_FIELD in request.POST:
            return _import(request, token, kept["name"], content, found, form)
    except DomainError as error:
        problem = next((texts[0] for texts in getattr(error, "errors", {}).values()), error.detail)
    return _page(model_admin, request, mapping=form, found=found, token=token, name=kept["name"], problem=problem)


def _import(
    request: HttpRequest, token: str, name: str, content: bytes, found: services.Assessment, form: MappingForm
) -> HttpResponse:
    values = form.cleaned_data
    job = start_import(
        rows=cells_of(rows_of_file(content), found.columns),
        duplicates=Duplicates(values["duplicates"]),
        owner_id=UUID(values["owner"]) if values["owner"] else None,
        tags=values["tags"],
        file_name=name,
        access=access_of(request),
    )
    cache.delete(_key(request, token))
    return HttpResponseRedirect(reverse("admin:jobs_job_change", args=(job.pk,)))


def _page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    *,
    form: Any = None,
    mapping: MappingForm | None = None,
    found: services.Assessment | None = None,
    token: str = "",
    name: str = "",
    problem: str = "",
) -> HttpResponse:
    issues = found.issues if found else []
    first = found.people[:ROWS_SHOWN] if found else []
    shown = [column for column in COLUMNS if any(column.key in row.values for row in first)]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Import leads from a file",
        "opts": model_admin.opts,
        "form": form,
        "mapping": mapping,
        "found": found,
        "coverage": list(found.coverage.values()) if found else (),
        "issues": issues[:ISSUES_SHOWN],
        "more_issues": max(0, len(issues) - ISSUES_SHOWN),
        "preview": [[row.values.get(column.key, "") for column in shown] for row in first],
        "preview_headings": [column.label for column in shown],
        "name": name,
        "problem": problem,
        "token_name": KEPT_FIELD,
        "token": token,
        "import_name": IMPORT_FIELD,
        "again": request.path,
        "back": reverse("admin:leads_lead_changelist"),
    }
    return TemplateResponse(request, "aiicp/admin/import_leads.html", context)


def _key(request: HttpRequest, token: str) -> str:
    access = access_of(request)
    return f"aiicp.lead_files.import:{access.tenant_id}:{access.user.pk}:{token}"


_TEMPLATES: Final = {"csv": (csv_template, CSV_TYPE), "xlsx": (xlsx_template, XLSX_TYPE)}


def _template(kind: str) -> HttpResponse:
    make, content_type = _TEMPLATES[kind]
    response = HttpResponse(make(), content_type=content_type)
    named_download(response, f"{NAME}.{kind}")
    return response
