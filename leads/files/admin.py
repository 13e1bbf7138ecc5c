"""Files on leads: put there, looked through, downloaded."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import LadModelForm
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import access_of, is_deleted
from leads.files import services as attachments
from leads.files.kinds import BY_EXTENSION, LABELS
from leads.files.models import LeadAttachment

ACCEPTED = ",".join(f".{extension}" for extension in BY_EXTENSION)


def file_field() -> forms.FileField:
    """A field that offers what may be attached; the writer judges the content."""
    widget = UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED})
    return forms.FileField(
        widget=widget, allow_empty_file=True, help_text=f"One of: {', '.join(sorted(BY_EXTENSION))}."
    )


class UploadForm(LadModelForm):
    file = file_field()


class AttachForm(forms.Form):
    """A file for the lead at hand."""

    file = file_field()


class Described:
    """How a file is shown in lists."""

    @display(description="Kind", ordering="file_type")
    def kind(self, obj: Any) -> str:
        return LABELS.get(obj.file_type, obj.file_type)

    @display(description="Size", ordering="file_size")
    def size(self, obj: Any) -> str:
        return filesizeformat(obj.file_size)

    @display(description="Uploaded by")
    def uploader(self, obj: Any) -> str | None:
        person = obj.uploaded_by_user
        return person and (person.full_name or person.email)

    @display(description="File")
    def file_link(self, obj: Any) -> Any:
        if is_deleted(obj) or obj._state.adding:
            return "–"
        url = reverse("admin:leads_leadattachment_download", args=(obj.pk,))
        return format_html('<a class="lad-link" href="{}">Download</a>', url)


@register(LeadAttachment)
class LeadAttachmentAdmin(Described, TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "attach_file", 30
    form = UploadForm
    list_display = ["file_name", "lead", "kind", "size", "uploader", "file_link", "created_at"]
    list_filter = ["lead", "created_at"]
    search_fields = ["name_key__startswith"]
    add_fieldsets = [(None, {"fields": ["lead", "file"]})]
    fieldsets = [
        (None, {"fields": ["lead", "file_name", "file_link"]}),
        ("Content", {"fields": [("kind", "size"), "uploaded_by_user", "checksum"]}),
    ]
    readonly_fields = ["kind", "size", "file_link"]
    actions_detail = ["download"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return super().listed(request, rows).prefetch_related("uploaded_by_user")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            # What is stored is never replaced: another content is another attachment.
            kwargs["form"] = LadModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "lead" in readonly else [*readonly, "lead"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        values = {**form.values(), **self.tenant_value(request, form), "upload": form.cleaned_data["file"]}
        with self.row_scope(request, values["lead"]):
            saved = writes.create(LeadAttachment, values, actor=access_of(request).user)
        vars(obj).update(vars(saved))

    @action(description="Download", icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row_or_404(request, object_id)
        if is_deleted(row):
            messages.warning(request, "A deleted file cannot be downloaded: restore it first.")
            return HttpResponseRedirect(self.change_url(row))
        return HttpResponseRedirect(attachments.link_to(row, now=timezone.now()).path)


class AttachmentInline(Described, ReadOnlyInline):
    """The files of a lead; ``Attaches`` adds one."""

    area = "leads"
    model = LeadAttachment
    fields = ["file_name", "kind", "size", "uploader", "file_link", "created_at"]
    verbose_name_plural = "files"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("uploaded_by_user")


class Attaches:
    """For the admin of leads: list ``attach`` among its ``actions_detail``."""

    allows: Callable[[HttpRequest, str], bool]

    def has_attach_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "create")

    @row_action(
        "Attach a file",
        explanation="It is kept with the lead and can be downloaded by everybody who may see the lead.",
        form=AttachForm,
        permission="attach",
        when=lambda row: not is_deleted(row),
        icon="attach_file",
    )
    def attach(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        made = writes.create(LeadAttachment, {"lead": row, "upload": values["file"]}, actor=access_of(request).user)
        return f"{made} was attached."
