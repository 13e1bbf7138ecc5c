"""The pages of searches."""

from lad.admin.base import ReadOnlyAdmin, register
from leads.companies.search.models import DirectorySearch


@register(DirectorySearch)
class DirectorySearchAdmin(ReadOnlyAdmin):
    area = "companies"
    section, icon, rank = "Leads", "manage_search", 121
    list_display = ["kind", "page_number", "per_page", "total", "access_count", "fetched_at", "last_accessed_at"]
    list_filter = ["kind", "fetched_at"]
    fieldsets = [
        (None, {"fields": [("kind", "source"), ("page_number", "per_page"), "total"]}),
        ("Use", {"fields": [("access_count", "last_accessed_at"), "fetched_at"]}),
        ("Data", {"fields": ["query", "results"]}),
    ]
