"""Invitations, from sent to accepted, expired or revoked."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.derive import COLOURS
from lad.admin.permissions import access_of
from tenants.teams.models import TenantInvitation
from tenants.teams.services import invitations

STATUSES = ("pending", "expired", "accepted", "revoked")


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in STATUSES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        open_ones = Q(accepted_at__isnull=True, revoked_at__isnull=True)
        now = timezone.now()
        conditions = {
            "pending": open_ones & Q(expires_at__gt=now),
            "expired": open_ones & Q(expires_at__lte=now),
            "accepted": Q(accepted_at__isnull=False),
            "revoked": Q(accepted_at__isnull=True, revoked_at__isnull=False),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


def _open(row: Any) -> bool:
    return row.status(timezone.now()) in ("pending", "expired")


@register(TenantInvitation)
class TenantInvitationAdmin(TenantModelAdmin):
    area = "invitations"
    section, icon, rank = "People", "mail", 30
    global_search = True
    list_display = ["email", "status", "role", "invited_by", "expires_at"]
    list_filter = [StatusFilter, "role", "expires_at"]
    search_fields = ["email__startswith"]
    fieldsets = [
        (None, {"fields": ["email", "role", "message", "status"]}),
        ("So far", {"fields": ["invited_by", "expires_at", "accepted_at", "accepted_by", "revoked_at"]}),
    ]
    readonly_fields = ["status"]
    actions = ["resend_all", "revoke_all"]
    actions_detail = ["resend", "revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "email" in readonly else [*readonly, "email"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        settled = isinstance(obj, TenantInvitation) and not _open(obj)
        return not settled and super().has_change_permission(request, obj)

    @display(description="Status", label={name: COLOURS[name] for name in STATUSES})
    def status(self, obj: Any) -> str:
        return str(obj.status(timezone.now()))

    @row_action(
        "Resend",
        explanation="A new mail with a new link goes out; the old link stops working.",
        when=_open,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        invitations.resend(invitation=row, actor=access_of(request).user)
        return f"{row.email} gets a new link."

    @row_action("Revoke", explanation="The link stops working.", when=_open, icon="block", danger=True)
    def revoke(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        invitations.revoke(invitation=row, actor=access_of(request).user)
        return f"The invitation of {row.email} is revoked."

    @admin.action(description="Resend", permissions=["change"])
    def resend_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            with self.row_scope(request, row):
                invitations.resend(invitation=row, actor=access_of(request).user)
        messages.success(request, f"{len(queryset)} invitations go out again.")

    @admin.action(description="Revoke", permissions=["change"])
    def revoke_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            with self.row_scope(request, row):
                invitations.revoke(invitation=row, actor=access_of(request).user)
        messages.success(request, f"{len(queryset)} invitations are revoked.")
