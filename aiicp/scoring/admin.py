"""Admin pages of scores."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from aiicp.ownership import visible_profiles
from aiicp.scoring.models import LeadScore
from aiicp.scoring.scorer import Reason
from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of


@register(LeadScore)
class LeadScoreAdmin(ReadOnlyAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "target", 36
    empty_hint = "Let a customer profile score your leads: open the profile and choose “Score leads”."
    list_display = ["lead", "profile", "points", "known", "is_excluded", "scored_at"]
    list_filter = ["profile", "is_excluded"]
    fieldsets = [
        (None, {"fields": ["lead", "profile", ("points", "known", "is_excluded"), "why"]}),
        ("Scored", {"fields": ["scored_at", "criteria_version"]}),
    ]
    readonly_fields = ["why"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return visible_profiles(access_of(request), rows, path="profile__")

    @display(description="Why")
    def why(self, obj: LeadScore) -> SafeString:
        sentences = ((Reason.of_stored(each).sentence,) for each in obj.reasons)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", sentences))
