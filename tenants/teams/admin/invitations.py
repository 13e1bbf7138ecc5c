"""The admin page of invitations."""

from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.defaults import STATUS_COLOURS
from lad.jobs.bulk import bulk_action
from lad.tenancy.access import access_of
from lad.types import Values
from tenants.teams import jobs
from tenants.teams.models import TenantInvitation
from tenants.teams.services import invitations

STATUSES = ("pending", "expired", "accepted", "revoked")


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in STATUSES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        not_closed = Q(accepted_at__isnull=True, revoked_at__isnull=True)
        now = timezone.now()
        conditions = {
            "pending": not_closed & Q(expires_at__gt=now),
            "expired": not_closed & Q(expires_at__lte=now),
            "accepted": Q(accepted_at__isnull=False),
            "revoked": Q(accepted_at__isnull=True, revoked_at__isnull=False),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


def _is_open(row: TenantInvitation) -> bool:
    return row.status(timezone.now()) in ("pending", "expired")


@register(TenantInvitation)
class TenantInvitationAdmin(TenantModelAdmin):
    area = "invitations"
    section, icon, rank = "People", "mail", 30
    empty_hint = "Invite colleagues by e-mail. They choose a password and are in."
    global_search = True
    list_display = ["email", "status", "role", "tenant_role", "invited_by", "expires_at"]
    list_filter = [StatusFilter, "role", "expires_at"]
    search_fields = ["email"]
    fieldsets = [
        (None, {"fields": ["email", "role", "tenant_role", "message", "status"]}),
        ("History", {"fields": ["invited_by", "expires_at", "accepted_at", "accepted_by", "revoked_at"]}),
    ]
    readonly_fields = ["status"]
    actions = ["resend_all", "revoke_all"]
    actions_detail = ["resend", "revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: TenantInvitation | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "email" in readonly else [*readonly, "email"]

    def has_change_permission(self, request: HttpRequest, obj: TenantInvitation | None = None) -> bool:
        closed = isinstance(obj, TenantInvitation) and not _is_open(obj)
        return not closed and super().has_change_permission(request, obj)

    @display(description="Status", label={name: STATUS_COLOURS[name] for name in STATUSES})
    def status(self, obj: TenantInvitation) -> str:
        return str(obj.status(timezone.now()))

    @row_action(
        "Resend",
        explanation="A mail with a new link is sent; the old link stops working.",
        when=_is_open,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, row: TenantInvitation, values: Values) -> str:
        invitations.resend(invitation=row, actor=access_of(request).user)
        return f"A new link was sent to {row.email}."

    @row_action("Revoke", explanation="The link stops working.", when=_is_open, icon="block", danger=True)
    def revoke(self, request: HttpRequest, row: TenantInvitation, values: Values) -> str:
        invitations.revoke(invitation=row, actor=access_of(request).user)
        return f"The invitation of {row.email} was revoked."

    resend_all = bulk_action("Resend", kind=jobs.RESEND)
    revoke_all = bulk_action("Revoke", kind=jobs.REVOKE, danger=True)
