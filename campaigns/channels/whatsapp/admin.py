"""The page of WhatsApp's approved templates."""

from typing import Final

from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
from campaigns.accounts.whatsapp_templates import ReadTemplate, keep_templates
from campaigns.channels.whatsapp import templates
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.types import Values

COLOURS: Final = {
    TemplateStatus.APPROVED.label: "success",
    TemplateStatus.PENDING.label: "warning",
    TemplateStatus.REJECTED.label: "danger",
    TemplateStatus.PAUSED.label: "warning",
    TemplateStatus.DISABLED.label: "default",
}


@register(WhatsappTemplate)
class WhatsappTemplateAdmin(TenantModelAdmin):
    area = "sending-accounts"
    read_only = True
    empty_hint = "Templates are written in WhatsApp Manager. Read them from WhatsApp on the page of the number."
    list_display = ["name", "language", "status_label", "category", "channel_account", "synced_at"]
    list_select_related = ["channel_account"]
    list_filter = ["status", "language", "category", "channel_account"]
    search_fields = ["name", "body"]
    actions_detail = ["synchronise"]
    fieldsets = [
        (None, {"fields": [("name", "language"), ("status_label", "category"), "status_reason", "channel_account"]}),
        ("Text", {"fields": ["body", "variables", "components"]}),
        ("Data", {"fields": ["provider_id", "synced_at"]}),
    ]
    readonly_fields = ["status_label", "synced_at"]

    @display(description="Status", label=COLOURS, ordering="status")
    def status_label(self, obj: WhatsappTemplate) -> str:
        return str(obj.get_status_display())

    @row_action(
        "Read from WhatsApp",
        explanation="Reads all templates of this number from WhatsApp.",
        permission="view",
        icon="sync",
        asks=lambda row: templates.read_templates(row.channel_account),
    )
    def synchronise(self, request: HttpRequest, row: WhatsappTemplate, values: Values, read: list[ReadTemplate]) -> str:
        return str(keep_templates(row.channel_account, read, now=timezone.now()))
