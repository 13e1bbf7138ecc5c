"""The page of shared sequences."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.design.models import Campaign
from campaigns.editor.drafts import draft_of
from campaigns.editor.drawing import drawn
from campaigns.editor.models import SequenceTemplate
from lad.admin.base import TenantModelAdmin, register
from lad.admin.lists import computed_once


@register(SequenceTemplate)
class SequenceTemplateAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "account_tree", 55
    empty_hint = "Open a campaign that works well and press “Share as a template”."
    list_display = ["name", "steps_count", "created_by_user", "updated_at"]
    search_fields = ["name", "description"]
    fieldsets = [
        (None, {"fields": ["name", "description"]}),
        ("Steps", {"fields": ["picture", "use"]}),
    ]
    readonly_fields = ["picture", "use"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a sequence is shared from a campaign, where it was tried."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Offer a new campaign to those who may make one."""
        unseen = () if admin.site.get_model_admin(Campaign).has_add_permission(request) else ("use",)
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in unseen]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    @display(description="Steps")
    def steps_count(self, obj: SequenceTemplate) -> int:
        return len(obj.steps)

    @display(description="Steps")
    @computed_once
    def picture(self, obj: SequenceTemplate) -> SafeString:
        rows = ((step["icon"], step["title"], step["summary"]) for step in drawn(draft_of(obj.steps)))
        line = '<li><span class="material-symbols-outlined">{}</span> {} <span class="lad-hint">{}</span></li>'
        return format_html('<ol class="sequence-list">{}</ol>', format_html_join("", line, rows))

    @display(description="New campaign")
    def use(self, obj: SequenceTemplate) -> SafeString:
        url = reverse("admin:campaigns_campaign_new_from", args=(obj.pk,))
        return format_html('<a class="lad-link" href="{}">Make a campaign from it</a>', url)
