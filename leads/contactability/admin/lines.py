"""The lines of lists that jobs import, for LAD's staff."""

from lad.admin.base import ReadOnlyAdmin, register
from leads.contactability.models import SuppressionLine


@register(SuppressionLine)
class SuppressionLineAdmin(ReadOnlyAdmin):
    area = "jobs"
    platform_only = True
    section, icon, rank = "Operations", "playlist_remove", 5
    list_display = ["job", "number", "text", "created_at"]
