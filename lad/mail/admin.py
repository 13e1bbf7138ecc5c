"""What the machinery does: mail, sessions, repeated requests, and who changed what."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.permissions import access_of
from lad.mail import services as outgoing
from lad.mail.models import MailDelivery


@register(MailDelivery)
class MailDeliveryAdmin(ReadOnlyAdmin):
    area = "mail"
    platform_only = True
    section, icon, rank = "Operations", "outgoing_mail", 10
    global_search = True
    list_display = ["to_address", "kind", "state", "attempts", "tenant", "sent_at", "created_at"]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["to_address__startswith"]
    actions = ["resend_all", "cancel_all"]
    actions_detail = ["resend", "cancel"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows

    @row_action(
        "Send again",
        explanation="Look first whether it arrived: an unknown mail may have left before its sender vanished.",
        permission="platform",
        when=lambda row: row.state in outgoing.RESENDABLE,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        outgoing.resend(delivery_id=row.pk)
        return f"The mail to {row.to_address} is queued."

    @row_action(
        "Cancel",
        explanation="It will not be sent.",
        permission="platform",
        when=lambda row: row.state in outgoing.CANCELLABLE,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        outgoing.cancel(delivery_id=row.pk)
        return f"The mail to {row.to_address} is cancelled."

    @admin.action(description="Send again", permissions=["platform"])
    def resend_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            outgoing.resend(delivery_id=row.pk)
        messages.success(request, f"{len(queryset)} mails are queued.")

    @admin.action(description="Cancel", permissions=["platform"])
    def cancel_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            outgoing.cancel(delivery_id=row.pk)
        messages.success(request, f"{len(queryset)} mails are cancelled.")
