"""What happened, and what still has to happen because of it."""

from django.http import HttpRequest

from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.permissions import access_of
from tenants.activity.models import ActivityEntry


@register(ActivityEntry)
class ActivityEntryAdmin(ReadOnlyAdmin):
    area = "activity"
    section, icon, rank = "Events", "rss_feed", 5
    list_display = ["summary", "actor_label", "event_type", "occurred_at"]
    list_filter = ["occurred_at"]
    search_fields = ["event_type__startswith", "actor_label__istartswith", "subject_label__istartswith"]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        # Across tenants no index has the moments in order; the keys are time-ordered.
        return ["-occurred_at", "-pk"] if access_of(request).tenant_id is not None else ["-pk"]
