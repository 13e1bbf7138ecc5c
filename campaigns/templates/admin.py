"""The pages of message templates, with a preview."""

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.formatting import NOTHING
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.previews import preview
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
    empty_hint = "Write a message once and use it in the steps of your campaigns."
    list_display = ["name", "channel", "category", "language", "template_key", "is_active", "origin", "updated_at"]
    list_filter = ["channel", "is_active", "is_builtin", "created_at"]
    search_fields = ["name", "template_key"]
    add_fieldsets = FIELDS
    fieldsets = [
        *FIELDS,
        ("Preview", {"fields": ["unknown_placeholders", "text_preview", "html_preview"]}),
    ]
    readonly_fields = ["unknown_placeholders", "text_preview", "html_preview"]

    def has_delete_permission(self, request: HttpRequest, obj: CommunicationTemplate | None = None) -> bool:
        builtin = isinstance(obj, CommunicationTemplate) and obj.is_builtin
        return not builtin and super().has_delete_permission(request, obj)

    @display(description="Origin", label={"Built in": "info", "Shared": "info", "Own": "default"})
    def origin(self, obj: CommunicationTemplate) -> str:
        if obj.tenant_id is not None:
            return "Own"
        return "Built in" if obj.is_builtin else "Shared"

    @display(description="Unknown placeholders")
    def unknown_placeholders(self, obj: CommunicationTemplate) -> SafeString | str:
        unknown = preview(obj).unknown
        if not unknown:
            return "None. Every placeholder will be filled."
        names = ", ".join(f"{{{{{name}}}}}" for name in unknown)
        return format_html(
            '<div class="lad-note lad-note-warning"><span class="material-symbols-outlined">warning</span>'
            "<div>Nothing fills {}. Correct them, or declare them under “Placeholders”.</div></div>",
            names,
        )

    @display(description="As text")
    def text_preview(self, obj: CommunicationTemplate) -> SafeString | str:
        filled = preview(obj)
        subject = format_html('<div class="lad-strong">{}</div>', filled.subject) if filled.subject else ""
        return format_html('<div class="lad-message">{}{}</div>', subject, filled.body)

    @display(description="As HTML")
    def html_preview(self, obj: CommunicationTemplate) -> SafeString | str:
        html = preview(obj).html
        if not html:
            return NOTHING
        # An empty sandbox attribute forbids scripts, forms and access to this page.
        return format_html('<iframe class="lad-preview" sandbox="" title="Preview" srcdoc="{}"></iframe>', html)
