"""The do-not-contact list: search, add, lift, import and export."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.bulk import any_number, on_deleted
from lad.admin.exports import each_page
from lad.admin.permissions import is_deleted
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.access import access_of
from leads.contactability import services
from leads.contactability.admin.importing import import_page
from leads.contactability.models import Suppression
from leads.contactability.search import find_suppressions
from leads.contactability.serializers import MAX_TEXT
from tenants.activity.exports import begin_export, may_export

EXPORTED: Final = ("address", "channel", "scope", "reason", "source", "expires_at", "created_at")


class LiftForm(forms.Form):
    """Asks why an entry is taken off the list."""

    reason = forms.CharField(
        max_length=MAX_TEXT, help_text="For example: asked in a call to be contacted again. It is kept with the entry."
    )


@register(Suppression)
class SuppressionAdmin(TenantModelAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "do_not_disturb_on", 70
    global_search = True
    empty_hint = (
        "People and companies that nobody contacts appear here, with the reason. Add an address, import a list, or mark"
        " a lead on its page."
    )
    list_display = ["address", "lead", "scope", "channel", "reason", "source", "expires_at", "created_at"]
    list_filter = ["channel", "scope", "reason", "created_at"]
    # Makes the search box appear. get_search_results does the search.
    search_fields = ["id__exact"]
    search_help_text = "An address in any spelling, its beginning, a domain, or the name of a lead"
    sortable_by = ()
    add_fieldsets = [
        (None, {"fields": ["address", "channel"]}),
        ("Why", {"fields": ["reason", "source", "expires_at"]}),
        ("Instead of an address", {"fields": ["lead", "scope"]}),
    ]
    fieldsets = [
        (None, {"fields": [("address", "scope"), ("channel", "lead")]}),
        ("Why", {"fields": [("reason", "source"), "expires_at", "evidence", "created_by_user"]}),
    ]
    readonly_fields = ["evidence"]
    actions = ["export"]
    actions_list = ["import_list"]
    actions_detail = ["lift"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        by_id, _distinct = super().get_search_results(request, queryset, search_term)
        rows = find_suppressions(queryset, search_term)
        return (rows | by_id if search_term.strip() else rows), False

    @row_action(
        "Lift",
        explanation="The address may be contacted again. The entry moves to the deleted ones, with your reason.",
        form=LiftForm,
        permission="delete",
        when=lambda row: not is_deleted(row),
        icon="undo",
        danger=True,
    )
    def lift(self, request: HttpRequest, row: Suppression, values: dict[str, Any]) -> str:
        services.lift(suppression=row, reason=values["reason"], actor=access_of(request).user)
        return f"{row} is off the do-not-contact list."

    @action(description="Import", url_path="import", icon="upload", permissions=["add"])
    def import_list(self, request: HttpRequest) -> HttpResponse:
        return import_page(self, request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may_export(request)

    @any_number
    @on_deleted
    @admin.action(description="Export", permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> HttpResponse:
        again = begin_export(request, kind="suppressions", row_count=queryset.count())
        lines = csv_lines(chain([EXPORTED], each_page(queryset, access_of(request), _cells)))
        return again or csv_download(lines, name="do-not-contact.csv")  # type: ignore[return-value]  # as for leads


def _cells(rows: Iterable[Suppression]) -> Iterator[Iterable[object]]:
    for row in rows:
        labels = {
            "channel": row.get_channel_display(),
            "scope": row.get_scope_display(),
            "reason": row.get_reason_display(),
        }
        yield [labels[name] if name in labels else getattr(row, name) for name in EXPORTED]
