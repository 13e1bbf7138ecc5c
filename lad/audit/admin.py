"""The audit log, and the history of each row."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.history import history_from
from lad.audit.models import AuditEntry
from lad.audit.selectors import NOBODY, PLATFORM_STAFF, history

# In the list, so many changed columns are named.
COLUMNS_NAMED = 4


@register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    area = "audit"
    section, icon, rank = "Operations", "history", 20
    list_display = ["created_at", "table_name", "action", "row_count", "who", "source", "what"]
    list_filter = ["action", "created_at"]
    search_fields = ["table_name__startswith", "source__startswith"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        people = get_user_model().all_objects.filter(pk=OuterRef("actor_id")).values("email")
        return super().listed(request, rows).defer("row_changes", "row_ids").annotate(email=Subquery(people))

    @admin.display(description="Who")
    def who(self, obj: Any) -> str:
        return obj.email or (PLATFORM_STAFF if obj.actor_id else NOBODY)

    @admin.display(description="Changed")
    def what(self, obj: Any) -> str:
        names = [*obj.changes]
        more = f" and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else ""
        return ", ".join(names[:COLUMNS_NAMED]) + more


history_from(history)
