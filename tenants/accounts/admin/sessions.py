"""The admin pages of sessions and refresh tokens."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of, actor_of
from lad.types import Values
from tenants.accounts.models import RefreshToken, UserSession
from tenants.accounts.services import user_sessions


@register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    area = "sessions"
    section, icon, rank = "People", "devices", 40
    list_display = ["user", "kind", "device", "address", "created_at", "last_used_at", "ended_at"]
    list_filter = ["kind", "created_at"]
    search_fields = ["user__email", "address__startswith"]
    actions_detail = ["end"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows

    def has_end_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return access_of(request).allows("sessions.delete")

    @row_action(
        "End session",
        explanation="Whoever uses this session is signed out at once.",
        permission="end",
        when=lambda row: row.ended_at is None and row.expires_at > timezone.now(),
        icon="logout",
        danger=True,
    )
    def end(self, request: HttpRequest, row: UserSession, values: Values) -> str:
        access = access_of(request)
        tenant_id = None if access.platform else access.tenant_id
        user_sessions.end_of_member(session_id=row.pk, tenant_id=tenant_id, actor=actor_of(request), now=timezone.now())
        return f"The session of {row.user} was ended."


@register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "token", 50
    list_display = ["user", "tenant", "user_agent", "used_at", "revoked_at", "expires_at", "created_at"]
    search_fields = ["user__email"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows
