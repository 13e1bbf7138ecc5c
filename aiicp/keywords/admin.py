"""Keyword expansions, the shared ones and tenants' own."""

from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from aiicp.keywords.models import KeywordExpansion
from lad.admin.base import SharedModelAdmin, register
from lad.admin.json_view import chips
from lad.admin.lists import once_per_row

SHOWN_IN_LIST: Final = 6
MOST_RELATED: Final = 20


@register(KeywordExpansion)
class KeywordExpansionAdmin(SharedModelAdmin):
    area = "assistant"
    platform_writes = True
    section, icon, rank = "Assistant", "hub", 40
    list_display = ["original_keyword", "context", "means", "usage_count", "last_used_at", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["original_keyword__startswith"]
    fieldsets = [
        (None, {"fields": ["original_keyword", "context", "expanded_keywords", "model"]}),
        ("Use", {"fields": ["usage_count", "last_used_at", "related"]}),
    ]
    add_fieldsets = [(None, {"fields": ["original_keyword", "context", "expanded_keywords", "model"]})]
    readonly_fields = ["related"]

    @display(description="Means")
    def means(self, obj: KeywordExpansion) -> SafeString:
        return chips(obj.expanded_keywords[:SHOWN_IN_LIST])

    @display(description="The same keyword elsewhere")
    @once_per_row
    def related(self, obj: Any) -> SafeString:
        whose = Q(tenant__isnull=True) | Q(tenant=obj.tenant_id)
        others = KeywordExpansion.objects.filter(whose, original_keyword=obj.original_keyword).exclude(pk=obj.pk)
        lines = [
            (
                reverse("admin:aiicp_keywordexpansion_change", args=(other.pk,)),
                other.context,
                "shared" if other.tenant_id is None else other.tenant.name,
                chips(other.expanded_keywords[:SHOWN_IN_LIST]),
            )
            for other in others.select_related("tenant").order_by("context", "pk")[:MOST_RELATED]
        ]
        if not lines:
            return format_html('<span class="lad-hint">{}</span>', "Nowhere.")
        rows = '<tr><td><a class="lad-link" href="{}">{}</a></td><td>{}</td><td>{}</td></tr>'
        return format_html('<table class="lad-table">{}</table>', format_html_join("", rows, lines))
