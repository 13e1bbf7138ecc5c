"""What the machinery does: mail, sessions, repeated requests, and who changed what."""

from django.db.models import QuerySet
from django.http import HttpRequest

from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.permissions import access_of
from tenants.accounts.models import RefreshToken


@register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "token", 50
    list_display = ["user", "tenant", "user_agent", "used_at", "revoked_at", "expires_at", "created_at"]
    search_fields = ["user__email__startswith"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows
