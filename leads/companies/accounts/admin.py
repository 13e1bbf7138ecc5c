"""The page of directory accounts."""

from collections.abc import Iterable, Mapping

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import SharedModelAdmin, register
from lad.types import Values
from leads.companies.accounts import services
from leads.companies.accounts.models import AccountStatus, DirectoryAccount
from leads.companies.accounts.services import Outcome
from leads.companies.apollo.client import WINDOWS
from leads.companies.apollo.endpoints import endpoints

STATUS_COLOURS = {
    AccountStatus.UNTESTED.label: "default",
    AccountStatus.CONNECTED.label: "success",
    AccountStatus.KEY_REFUSED.label: "danger",
    AccountStatus.PLAN_REFUSED.label: "danger",
    AccountStatus.UNREACHABLE.label: "warning",
}
# Apollo counts every endpoint it has; these are the ones that LAD calls.
ENDPOINTS_SHOWN = (
    ("mixed_people/api_search", "Search people"),
    ("mixed_companies/search", "Search companies"),
    ("people/match", "Reveal a person"),
    ("people/bulk_match", "Reveal people"),
    ("organizations/enrich", "Look up a company"),
    ("organizations/bulk_enrich", "Look up companies"),
)
CREDITS_SHOWN = (("lead_credit", "E-mail addresses"), ("direct_dial_credit", "Phones"), ("export_credit", "Exports"))
NOT_COUNTED = "Test the account to see it."


@register(DirectoryAccount)
class DirectoryAccountAdmin(SharedModelAdmin):
    area = "directories"
    section, icon, rank = "Leads", "travel_explore", 130
    empty_hint = "People and companies are found through an account at a directory: the tenant's own, or LAD's."
    list_display = ["name", "provider", "status_label", "is_active", "sandbox", "tenant", "tested_at", "created_at"]
    list_filter = ["provider", "status", "is_active", "created_at"]
    search_fields = ["name__startswith"]
    actions_detail = ["test_account"]
    fieldsets = [
        (None, {"fields": ["name", ("is_active", "sandbox")]}),
        ("Directory", {"fields": ["provider", "base_url", "api_key"]}),
        ("State", {"fields": ["status_label", "status_reason", "tested_at"]}),
        ("Usage", {"fields": ["credits_left", "calls_left", "usage_at"]}),
    ]
    readonly_fields = [
        "sandbox",
        "status_label",
        "status_reason",
        "tested_at",
        "credits_left",
        "calls_left",
        "usage_at",
    ]

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def status_label(self, obj: DirectoryAccount) -> str:
        return str(obj.get_status_display())

    @display(description="Sandbox", label={"Sandbox": "warning"})
    def sandbox(self, obj: DirectoryAccount) -> str:
        return "Sandbox" if endpoints.is_sandbox(obj.base_url) else ""

    @display(description="Credits left")
    def credits_left(self, obj: DirectoryAccount) -> str | SafeString:
        shown = [(label, use) for kind, label in CREDITS_SHOWN if (use := obj.credits.get(kind))]
        return _lines((label, f"{use['left']:,} of {use['limit']:,}") for label, use in shown) or NOT_COUNTED

    @display(description="Calls left")
    def calls_left(self, obj: DirectoryAccount) -> str | SafeString:
        shown = [(label, _windows(use)) for endpoint, label in ENDPOINTS_SHOWN if (use := obj.usage.get(endpoint))]
        return _lines((label, text) for label, text in shown if text) or NOT_COUNTED

    @row_action(
        "Test account",
        explanation="Searches for one person, and reads usage and credits. It costs no credit.",
        when=lambda row: row.deleted_at is None,
        icon="cable",
        asks=lambda row: services.test_account(account=row),
    )
    def test_account(self, request: HttpRequest, row: DirectoryAccount, values: Values, outcome: Outcome) -> str | None:
        if outcome.succeeded:
            return " ".join(filter(None, ["The directory answers.", outcome.reason]))
        messages.error(request, outcome.reason)
        return None


def _windows(use: Mapping[str, Mapping[str, int]]) -> str:
    told = ((window, use[window]) for window in WINDOWS if window in use)
    return ", ".join(f"{each['left']:,} of {each['limit']:,} per {window}" for window, each in told)


def _lines(pairs: Iterable[tuple[str, str]]) -> SafeString:
    return format_html_join(format_html("<br>"), "{}: {}", pairs)
