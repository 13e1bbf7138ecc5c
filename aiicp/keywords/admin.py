"""Admin pages of keyword expansions."""

from typing import Any, Final

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from aiicp.keywords import services
from aiicp.keywords.models import KeywordExpansion
from aiicp.keywords.thesaurus import CONTEXTS, GENERAL
from lad.admin.base import SharedModelAdmin, register
from lad.admin.json_view import chips
from lad.admin.lists import computed_once
from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.labels import in_words
from lad.tenancy.access import access_of
from lad.tenancy.middleware import outside_scope

MAX_KEYWORDS_SHOWN: Final = 6
MAX_RELATED_SHOWN: Final = 20


class ExpandForm(forms.Form):
    """Asks for a keyword and the sense in which it is meant."""

    keyword = forms.CharField(max_length=services.MAX_KEYWORD)
    context = forms.ChoiceField(choices=[(name, in_words(name)) for name in CONTEXTS], initial=GENERAL)


def expansion_page(model_admin: SharedModelAdmin, request: HttpRequest) -> HttpResponse:
    """Ask for a keyword, and show what it expands to."""
    form: Any = apply_widgets(ExpandForm(request.POST if request.method == "POST" else None))
    access, found = access_of(request), None
    if request.method == "POST" and form.is_valid() and access.tenant_id is not None:
        try:
            # A model may be asked, which takes long.
            with outside_scope(request):
                found = services.expand(**form.cleaned_data, tenant_id=access.tenant_id, actor=access.user)
        except DomainError as error:
            form.add_error(None, error.detail)
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Expand a keyword",
        "opts": model_admin.opts,
        "back": reverse("admin:aiicp_keywordexpansion_changelist"),
        "form": form,
        "found": found,
        "shown": chips(found.keywords) if found else "",
    }
    return TemplateResponse(request, "aiicp/admin/expand.html", context)


@register(KeywordExpansion)
class KeywordExpansionAdmin(SharedModelAdmin):
    area = "assistant"
    platform_writes = True
    section, icon, rank = "Assistant", "hub", 40
    list_display = ["original_keyword", "context", "keywords", "usage_count", "last_used_at", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["original_keyword__startswith"]
    fieldsets = [
        (None, {"fields": ["original_keyword", "context", "expanded_keywords", "model"]}),
        ("Usage", {"fields": ["usage_count", "last_used_at", "related"]}),
    ]
    add_fieldsets = [(None, {"fields": ["original_keyword", "context", "expanded_keywords", "model"]})]
    readonly_fields = ["related"]
    actions_list = ["expand"]

    @action(description="Expand a keyword", url_path="expand", icon="auto_awesome", permissions=["expand"])
    def expand(self, request: HttpRequest) -> HttpResponse:
        return expansion_page(self, request)

    def has_expand_permission(self, request: HttpRequest) -> bool:
        """Tenants look keywords up, even where only LAD's staff write expansions by hand."""
        return access_of(request).tenant_id is not None and access_of(request).allows("assistant.create")

    @display(description="Expands to")
    def keywords(self, obj: KeywordExpansion) -> SafeString:
        return chips(obj.expanded_keywords[:MAX_KEYWORDS_SHOWN])

    @display(description="Other expansions of this keyword")
    @computed_once
    def related(self, obj: KeywordExpansion) -> SafeString:
        shared_or_own = Q(tenant__isnull=True) | Q(tenant=obj.tenant_id)
        same_keyword = KeywordExpansion.objects.filter(shared_or_own, original_keyword=obj.original_keyword)
        others = same_keyword.exclude(pk=obj.pk)
        lines = [
            (
                reverse("admin:aiicp_keywordexpansion_change", args=(other.pk,)),
                other.context,
                "shared" if other.tenant_id is None else other.tenant.name,
                chips(other.expanded_keywords[:MAX_KEYWORDS_SHOWN]),
            )
            for other in others.select_related("tenant").order_by("context", "pk")[:MAX_RELATED_SHOWN]
        ]
        if not lines:
            return format_html('<span class="lad-hint">{}</span>', "None.")
        rows = '<tr><td><a class="lad-link" href="{}">{}</a></td><td>{}</td><td>{}</td></tr>'
        return format_html('<table class="lad-table">{}</table>', format_html_join("", rows, lines))
