"""What the machinery does: mail, sessions, repeated requests, and who changed what."""

from lad.admin.base import ReadOnlyAdmin, register
from lad.idempotency.models import IdempotencyKey


@register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "replay", 40
    list_display = ["key", "user", "method", "path", "response_status", "created_at"]
    search_fields = ["key__startswith"]
