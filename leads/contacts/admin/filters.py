"""Filters of the list of leads."""

from typing import Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter

from lad.labels import in_words
from leads.contacts.models import Lead

SOURCES: Final = (
    "apollo_io",
    "linkedin_search",
    "unipile",
    "inbound",
    "inbound_csv",
    "inbound_upload",
    "voice_agent",
    "manual",
    "website",
    "referral",
    "event",
    "social",
    "cold_call",
    "email",
)


class SourceFilter(DropdownFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(name, in_words(name)) for name in SOURCES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        return queryset.filter(source=self.value()) if self.value() else queryset


class FollowUpFilter(DropdownFilter):
    title = "follow-up"
    parameter_name = "follow_up"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("planned", "Planned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() == "overdue":
            return queryset.filter(next_follow_up_at__lte=timezone.now())
        if self.value() == "planned":
            return queryset.filter(next_follow_up_at__gt=timezone.now())
        return queryset
