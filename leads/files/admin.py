"""The pages of files."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from lad import writes
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import LadModelForm
from lad.admin.permissions import is_deleted
from lad.admin.uploads import UploadField
from lad.tenancy.access import access_of
from leads.files import services
from leads.files.kinds import BY_EXTENSION, LABELS
from leads.files.models import LeadAttachment


def file_field() -> UploadField:
    """Return a field that offers the accepted types. The writer checks the content."""
    return UploadField(extensions=sorted(BY_EXTENSION), allow_empty_file=True)


class UploadForm(LadModelForm):
    file = file_field()


class FileColumns:
    """Columns of lists of files."""

    @display(description="Kind", ordering="file_type")
    def kind(self, obj: LeadAttachment) -> str:
        return LABELS.get(obj.file_type, obj.file_type)

    @display(description="Size", ordering="file_size")
    def size(self, obj: LeadAttachment) -> str:
        return filesizeformat(obj.file_size)

    @display(description="Uploaded by")
    def uploader(self, obj: LeadAttachment) -> str | None:
        user = obj.uploaded_by_user
        return (user.full_name or user.email) if user else None

    @display(description="File")
    def file_link(self, obj: LeadAttachment) -> SafeString | str:
        if is_deleted(obj) or obj._state.adding:
            return "–"
        url = reverse("admin:leads_leadattachment_download", args=(obj.pk,))
        return format_html('<a class="lad-link" href="{}">Download</a>', url)


@register(LeadAttachment)
class LeadAttachmentAdmin(FileColumns, TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "attach_file", 30
    empty_hint = "Files of leads appear here. Upload one on the page of a lead."
    form = UploadForm
    list_display = ["file_name", "lead", "kind", "size", "uploader", "file_link", "created_at"]
    list_filter = ["lead", "created_at"]
    search_fields = ["name_text"]
    add_fieldsets = [(None, {"fields": ["lead", "file"]})]
    fieldsets = [
        (None, {"fields": ["lead", "file_name", "file_link"]}),
        ("Content", {"fields": [("kind", "size"), "uploaded_by_user", "checksum"]}),
    ]
    readonly_fields = ["kind", "size", "file_link"]
    actions_detail = ["download"]

    def listed(self, request: HttpRequest, rows: QuerySet[LeadAttachment]) -> QuerySet[LeadAttachment]:
        return super().listed(request, rows).prefetch_related("uploaded_by_user")

    def get_form(
        self, request: HttpRequest, obj: LeadAttachment | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is not None:
            # A stored file is never replaced. Another content is another attachment.
            kwargs["form"] = LadModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: LeadAttachment | None = None) -> list[str]:
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
            messages.warning(request, "A deleted file cannot be downloaded. Restore it first.")
            return HttpResponseRedirect(self.change_url(row))
        return HttpResponseRedirect(services.link_to(row, now=timezone.now()).path)
