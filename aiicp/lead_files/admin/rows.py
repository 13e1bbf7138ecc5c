"""The rows of files that jobs import, for LAD's staff."""

from aiicp.lead_files.models import LeadFileRow
from lad.admin.base import ReadOnlyAdmin, register


@register(LeadFileRow)
class LeadFileRowAdmin(ReadOnlyAdmin):
    area = "jobs"
    platform_only = True
    section, icon, rank = "Operations", "playlist_add", 6
    list_display = ["job", "number", "texts_json", "created_at"]
