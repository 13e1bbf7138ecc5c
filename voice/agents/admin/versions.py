"""Admin pages of agents' versions and of what agents know."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.tenancy.access import actor_of
from lad.types import Values
from voice import formatting
from voice.agents.admin.agents import CONTENT_FIELDSETS, content_field
from voice.agents.admin.trying import talk_page
from voice.agents.models import KnowledgeText, VersionState, VoiceAgentVersion
from voice.agents.services import versions

STATE_COLOURS = {VersionState.DRAFT.label: "warning", VersionState.PUBLISHED.label: "success"}


class PublishForm(forms.Form):
    forced = forms.BooleanField(
        required=False,
        label="Also if the agent was changed since the draft was begun",
        help_text="What somebody else changed meanwhile is then replaced by the draft.",
    )


@register(VoiceAgentVersion)
class VoiceAgentVersionAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "history_edu", 31
    empty_hint = "Whatever an agent said is kept here. Begin a draft on the agent's page."
    list_display = ["__str__", "agent", "state_label", "note", "published_at", "published_by_user", "created_at"]
    list_filter = ["state", "agent", "created_at"]
    search_fields = ["note"]
    fieldsets = [
        (None, {"fields": [("agent", "state_label"), "note", "language", "gender", "voice"]}),
        *CONTENT_FIELDSETS,
        ("State", {"fields": ["published_at", "published_by_user", "based_on"]}),
    ]
    readonly_fields = ["agent", "state_label", "published_at", "published_by_user", "based_on"]
    actions_detail = ["try_it", "publish", "publish_again"]

    class Media:
        css = formatting.MEDIA_CSS

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft is begun on the agent's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj)

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        return content_field(self, db_field, super().formfield_for_dbfield(db_field, request, **kwargs))

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def state_label(self, obj: VoiceAgentVersion) -> str:
        return str(obj.get_state_display())

    @action(description="Try it", icon="forum", permissions=["publish"])
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Talk in writing with this version."""
        version = self.get_row_or_404(request, object_id)
        return talk_page(self, request, version.agent, version)

    @row_action(
        "Publish",
        explanation="Calls from now on use this text. Calls that are made already keep theirs.",
        form=PublishForm,
        permission="publish",
        when=lambda row: row.is_draft,
        icon="publish",
    )
    def publish(self, request: HttpRequest, row: VoiceAgentVersion, values: Values) -> str:
        made = versions.publish(row, actor=actor_of(request), forced=values["forced"])
        return f"Version {made.number} of {row.agent} is published."

    @row_action(
        "Publish again",
        explanation="Calls from now on use what this version says. It becomes a new version.",
        permission="publish",
        when=lambda row: not row.is_draft,
        icon="restore",
    )
    def publish_again(self, request: HttpRequest, row: VoiceAgentVersion, values: Values) -> str:
        made = versions.publish_again(row, actor=actor_of(request))
        return f"What version {row.number} says is published as version {made.number}."


@register(KnowledgeText)
class KnowledgeTextAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "menu_book", 32
    empty_hint = "What agents know, such as prices and opening hours. Without it they can only ask."
    list_display = ["name", "agent", "priority", "is_active", "updated_at"]
    list_filter = ["agent", "is_active", "created_at"]
    search_fields = ["name"]
    fieldsets = [(None, {"fields": ["name", "agent", ("priority", "is_active"), "content"]})]
