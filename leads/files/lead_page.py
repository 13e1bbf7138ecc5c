"""Files on the lead's page."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from lad import writes
from lad.admin.actions import row_action
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from leads.contacts.extensions import (
    Known,
    TimelineEntry,
    TimelineKind,
    add_action,
    add_inline,
    add_timeline_source,
)
from leads.contacts.models import Lead
from leads.files.admin import FileColumns, file_field
from leads.files.models import LeadAttachment


class AttachmentInline(FileColumns, ReadOnlyInline):
    """The files of a lead; the action ``attach`` adds one."""

    area = "leads"
    model = LeadAttachment
    fields = ["file_name", "kind", "size", "uploader", "file_link", "created_at"]
    verbose_name_plural = "files"

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeadAttachment]:
        return super().get_queryset(request).prefetch_related("uploaded_by_user")


class AttachForm(forms.Form):
    """Ask for a file."""

    file = file_field()


@row_action(
    "Attach a file",
    explanation="Everybody who can see the lead can download the file.",
    form=AttachForm,
    permission="attach",
    when=lambda row: not is_deleted(row),
    icon="attach_file",
    seldom=True,
)
def attach(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    made = writes.create(LeadAttachment, {"lead": row, "upload": values["file"]}, actor=access_of(request).user)
    return f"{made} was attached."


def files_of(lead: Lead) -> QuerySet[LeadAttachment]:
    """Return the lead's files."""
    return LeadAttachment.objects.filter(tenant=lead.tenant_id, lead=lead.pk)


def file_entry(file: LeadAttachment, known: Known) -> TimelineEntry:
    return TimelineEntry(
        icon="attach_file",
        text=f"{known.user(file.uploaded_by_user_id)} uploaded {file.file_name}",
        user_id=file.uploaded_by_user_id,
        url=reverse("admin:leads_leadattachment_change", args=(file.pk,)),
    )


add_inline(AttachmentInline, rank=30)
add_action(attach, rank=20, rights=("leads.create",))
add_timeline_source(
    "files",
    files_of,
    file_entry,
    kind=TimelineKind.FILE,
    right="leads.view",
    user="uploaded_by_user",
    users=lambda file: (file.uploaded_by_user_id,),
)
