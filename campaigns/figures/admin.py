"""Pages of the figures' own tables, behind “All tables”."""

from campaigns.figures.models import CampaignFigure, EnrolmentMilestone, FigureEntry, FigureRecount
from lad.admin.base import ReadOnlyAdmin, register


@register(CampaignFigure)
class CampaignFigureAdmin(ReadOnlyAdmin):
    area = "campaigns"
    list_display = ["campaign", "face", "day", "metric", "detail", "channel", "number"]
    list_filter = ["face", "campaign", "day"]


@register(EnrolmentMilestone)
class EnrolmentMilestoneAdmin(ReadOnlyAdmin):
    area = "campaigns"
    list_display = ["campaign", "milestone", "at", "channel", "variant", "number"]
    list_filter = ["milestone", "campaign", "at"]


@register(FigureEntry)
class FigureEntryAdmin(ReadOnlyAdmin):
    area = "campaigns"
    list_display = ["metric", "at", "channel", "source", "number"]


@register(FigureRecount)
class FigureRecountAdmin(ReadOnlyAdmin):
    area = "campaigns"
    list_display = ["reason", "created_at"]
