"""What the machinery does: mail, sessions, repeated requests, and who changed what."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from lad.adminsite.actions import row_action
from lad.adminsite.base import ReadOnlyAdmin, register
from lad.adminsite.permissions import access_of
from tenants.audit import NOBODY, PLATFORM_STAFF
from tenants.mail import outgoing
from tenants.models import AuditEntry, IdempotencyKey, MailDelivery, RefreshToken, User

# In the list, so many changed columns are named.
COLUMNS_NAMED = 4


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


@register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    area = "audit"
    section, icon, rank = "Operations", "history", 20
    list_display = ["created_at", "table_name", "action", "row_count", "who", "source", "what"]
    list_filter = ["action", "created_at"]
    search_fields = ["table_name__startswith", "source__startswith"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        people = User.all_objects.filter(pk=OuterRef("actor_id")).values("email")
        return super().listed(request, rows).defer("row_changes", "row_ids").annotate(email=Subquery(people))

    @admin.display(description="Who")
    def who(self, obj: Any) -> str:
        return obj.email or (PLATFORM_STAFF if obj.actor_id else NOBODY)

    @admin.display(description="Changed")
    def what(self, obj: Any) -> str:
        names = [*obj.changes]
        more = f" and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else ""
        return ", ".join(names[:COLUMNS_NAMED]) + more


@register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "replay", 40
    list_display = ["key", "user", "method", "path", "response_status", "created_at"]
    search_fields = ["key__startswith"]


@register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "token", 50
    list_display = ["user", "tenant", "user_agent", "used_at", "revoked_at", "expires_at", "created_at"]
    search_fields = ["user__email__startswith"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows
