"""The pages of reveals."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of
from leads.companies.reveals import services
from leads.companies.reveals.models import Reveal, RevealRequest, RevealState


@register(Reveal)
class RevealAdmin(ReadOnlyAdmin):
    area = "companies"
    section, icon, rank = "Leads", "key", 126
    list_display = ["person_name", "company_name", "kind", "state", "value", "credits", "finished_at", "created_at"]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["person_id__exact"]
    actions_detail = ["ask_again", "give_up"]
    fieldsets = [
        (None, {"fields": [("person_name", "company_name"), ("kind", "state"), ("value", "confidence"), "error"]}),
        ("Directory", {"fields": [("source", "person_id"), ("tries", "credits"), ("expires_at", "finished_at")]}),
    ]

    def has_decide_permission(self, request: HttpRequest, obj: Reveal | None = None) -> bool:
        """Return whether the person may decide about lost answers: everybody who may reveal."""
        return access_of(request).allows("companies.reveal")

    @row_action(
        "Ask again",
        explanation="The directory is asked once more. You pay once at most.",
        permission="decide",
        when=lambda row: row.state in (RevealState.UNKNOWN, RevealState.FAILED),
        icon="refresh",
    )
    def ask_again(self, request: HttpRequest, row: Reveal, values: dict[str, Any]) -> str:
        services.ask_again(reveal=row)
        return "The directory is asked again."

    @row_action(
        "Give up",
        explanation="The credits that are held for it are released.",
        permission="decide",
        when=lambda row: row.state == RevealState.UNKNOWN,
        icon="close",
    )
    def give_up(self, request: HttpRequest, row: Reveal, values: dict[str, Any]) -> str:
        services.give_up(reveal=row)
        return "It is not asked for again, and its credits are released."


@register(RevealRequest)
class RevealRequestAdmin(ReadOnlyAdmin):
    area = "companies"
    section, icon, rank = "Leads", "vpn_key", 127
    list_display = ["people", "kinds", "created_by_user", "results", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["created_by_user"]
    fieldsets = [(None, {"fields": [("source", "kinds"), ("created_by_user", "results"), "person_ids"]})]
    readonly_fields = ["results"]

    @display(description="People")
    def people(self, obj: RevealRequest) -> str:
        return str(obj)

    @display(description="Results")
    def results(self, obj: RevealRequest) -> SafeString:
        address = reverse("admin:reveal_results", args=(obj.pk,))
        return format_html('<a class="lad-link" href="{}">Show</a>', address)
