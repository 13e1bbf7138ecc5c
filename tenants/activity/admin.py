"""The admin pages of the activity feed and of exports."""

from django.db.models import QuerySet
from django.http import HttpRequest

from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of
from tenants.activity.models import ActivityEntry, DataExport


@register(ActivityEntry)
class ActivityEntryAdmin(ReadOnlyAdmin):
    area = "activity"
    section, icon, rank = "Events", "rss_feed", 5
    list_display = ["summary", "actor_label", "event_type", "occurred_at"]
    list_filter = ["occurred_at"]
    search_fields = ["event_type__startswith", "actor_label__istartswith", "subject_label__istartswith"]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        # No index orders occurred_at across tenants; the keys are time-ordered.
        return ["-occurred_at", "-pk"] if access_of(request).tenant_id is not None else ["-pk"]


@register(DataExport)
class DataExportAdmin(ReadOnlyAdmin):
    area = "audit"
    section, icon, rank = "Operations", "download", 25
    list_display = ["created_at", "user", "kind", "row_count"]
    list_filter = ["created_at"]
    search_fields = ["user__email", "kind__startswith"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows
