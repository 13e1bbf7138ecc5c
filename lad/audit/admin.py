"""The audit log in the admin, and the history of each row."""

from typing import Final

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.history import set_history_source
from lad.audit.models import AuditEntry
from lad.audit.selectors import PLATFORM_STAFF, SYSTEM, history

MAX_COLUMNS_SHOWN: Final = 4


@register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    area = "audit"
    section, icon, rank = "Operations", "history", 20
    list_display = ["created_at", "table_name", "action", "row_count", "who", "source", "client_address", "what"]
    list_filter = ["action", "created_at"]
    search_fields = ["table_name__startswith", "source__startswith"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        people = get_user_model().all_objects.filter(pk=OuterRef("actor_id")).values("email")
        return super().listed(request, rows).defer("row_changes", "row_ids").annotate(email=Subquery(people))

    @admin.display(description="Who")
    def who(self, obj: AuditEntry) -> str:
        email: str | None = getattr(obj, "email", None)
        return email or (PLATFORM_STAFF if obj.actor_id else SYSTEM)

    @admin.display(description="Changed")
    def what(self, obj: AuditEntry) -> str:
        names = [*obj.changes]
        more = f" and {len(names) - MAX_COLUMNS_SHOWN} more" if len(names) > MAX_COLUMNS_SHOWN else ""
        return ", ".join(names[:MAX_COLUMNS_SHOWN]) + more


set_history_source(history)
