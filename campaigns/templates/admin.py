"""Message templates, with what they look like filled in."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from campaigns import formatting as show
from campaigns.templates import rendering
from campaigns.templates.models import CommunicationTemplate
from lad.admin.base import SharedModelAdmin, register

FIELDS = [
    (None, {"fields": ["name", ("channel", "category"), ("template_key", "language"), "is_active", "description"]}),
    ("Message", {"fields": ["subject", "body", "html_content"]}),
    ("Placeholders", {"fields": ["variables_schema", "agent_id"]}),
]


@register(CommunicationTemplate)
class CommunicationTemplateAdmin(SharedModelAdmin):
    area = "templates"
    section, icon, rank = "Campaigns", "drafts", 50
    list_display = ["name", "channel", "category", "language", "template_key", "is_active", "whose", "updated_at"]
    list_filter = ["channel", "is_active", "is_builtin", "created_at"]
    search_fields = ["name__istartswith", "template_key__startswith"]
    add_fieldsets = FIELDS
    fieldsets = [
        *FIELDS,
        ("Preview", {"fields": ["unknown_placeholders", "preview", "html_preview"]}),
    ]
    readonly_fields = ["unknown_placeholders", "preview", "html_preview"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        builtin = isinstance(obj, CommunicationTemplate) and obj.is_builtin
        return not builtin and super().has_delete_permission(request, obj)

    @display(description="Whose", label={"Built in": "info", "Shared": "info", "Own": "default"})
    def whose(self, obj: Any) -> str:
        if obj.tenant_id is not None:
            return "Own"
        return "Built in" if obj.is_builtin else "Shared"

    @display(description="Unknown placeholders")
    def unknown_placeholders(self, obj: Any) -> Any:
        unknown = rendering.preview(obj).unknown
        if not unknown:
            return "None: every placeholder will be filled."
        names = ", ".join(f"{{{{{name}}}}}" for name in unknown)
        return format_html(
            '<div class="lad-note lad-note-warning"><span class="material-symbols-outlined">warning</span>'
            "<div>Nothing fills {}: correct them or declare them below “Placeholders”.</div></div>",
            names,
        )

    @display(description="As text")
    def preview(self, obj: Any) -> Any:
        filled = rendering.preview(obj)
        subject = format_html('<div class="lad-strong">{}</div>', filled.subject) if filled.subject else ""
        return format_html('<div class="lad-message">{}{}</div>', subject, filled.body)

    @display(description="As HTML")
    def html_preview(self, obj: Any) -> Any:
        html = rendering.preview(obj).html
        if not html:
            return show.NOTHING
        # The empty sandbox allows nothing: no script, no form, no way into this page.
        return format_html('<iframe class="lad-preview" sandbox="" title="Preview" srcdoc="{}"></iframe>', html)
