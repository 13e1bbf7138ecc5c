"""Queued and sent mail in the admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.bulk import asks_first
from lad.mail import services
from lad.mail.models import MailDelivery
from lad.tenancy.access import access_of
from lad.types import Values


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
        explanation="Check first whether it arrived: a mail in the state Unknown may have been sent.",
        permission="platform",
        when=lambda row: row.state in services.RESENDABLE,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, row: MailDelivery, values: Values) -> str:
        services.resend(delivery_id=row.pk)
        return f"The mail to {row.to_address} was queued."

    @row_action(
        "Cancel",
        explanation="The mail will not be sent.",
        permission="platform",
        when=lambda row: row.state in services.CANCELLABLE,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: MailDelivery, values: Values) -> str:
        services.cancel(delivery_id=row.pk)
        return f"The mail to {row.to_address} was cancelled."

    @admin.action(description="Send again", permissions=["platform"])
    def resend_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            services.resend(delivery_id=row.pk)
        messages.success(request, f"{len(queryset)} mails were queued.")

    @asks_first("Cancel", permission="platform", note="The mails will not be sent.")
    def cancel_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            services.cancel(delivery_id=row.pk)
        messages.success(request, f"{len(queryset)} mails were cancelled.")
