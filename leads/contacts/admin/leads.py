"""Leads as staff live in them: who they are, where they stand, and everything that hangs on them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.bulk import bulk_action
from lad.admin.forms import LadModelForm
from lad.admin.permissions import access_of, is_deleted
from lad.tenancy.context import current_scope, default_tenant_id
from leads.bookings.admin.forms import book_form
from leads.bookings.models import LeadBooking
from leads.contacts import selectors
from leads.contacts.admin.export import leads_csv
from leads.contacts.admin.inlines import BookingsInline, NotesInline, SocialInline
from leads.contacts.admin.summary import amount, day, header_of
from leads.contacts.models import Lead, Priority
from leads.contacts.services import leads
from leads.education.admin.education import StudentInline
from leads.files.admin import Attaches, AttachmentInline
from leads.pipeline.admin.choices import (
    StageFilter,
    StatusFilter,
    owner_form,
    people_of,
    stage_form,
    stages_of,
    statuses_of,
)
from tenants.accounts.models import User

PRIORITY_COLOURS = {
    Priority.UNSET: "default",
    Priority.LOW: "default",
    Priority.MEDIUM: "info",
    Priority.HIGH: "warning",
    Priority.URGENT: "danger",
}
# The tenant's own stages are nobody's to colour here; these mean the same everywhere.
STAGE_COLOURS = {
    "New": "info",
    "Inquiry": "info",
    "Won": "success",
    "Enrolled": "success",
    "Lost": "default",
    "Rejected": "default",
    "Withdrawn": "default",
}
SOURCES = (
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

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(source=self.value()) if self.value() else queryset


class FollowUpFilter(DropdownFilter):
    title = "follow-up"
    parameter_name = "follow_up"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("planned", "Planned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "overdue":
            return queryset.filter(next_follow_up_at__lte=timezone.now())
        if self.value() == "planned":
            return queryset.filter(next_follow_up_at__gt=timezone.now())
        return queryset


class LeadForm(LadModelForm):
    """Stage and status are chosen from the tenant's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = self.instance.tenant_id or default_tenant_id()
        if tenant_id is None or current_scope() is None:
            return
        for name, choices_of in (("stage", stages_of), ("status", statuses_of)):
            if name in self.fields:
                self.fields[name].widget = UnfoldAdminSelectWidget(choices=choices_of(tenant_id))


@register(Lead)
class LeadAdmin(Attaches, TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "person_search", 10
    global_search = True
    form = LeadForm
    list_display = [
        "person",
        "company",
        "stage_label",
        "priority_label",
        "value",
        "owner",
        "follow_up",
        "active",
    ]
    list_filter = [
        StageFilter,
        StatusFilter,
        "assigned_user",
        "priority",
        SourceFilter,
        FollowUpFilter,
        "is_archived",
        "created_at",
    ]
    # What it does is in get_search_results; this is what shows the field.
    search_fields = ["name_key", "email", "phone", "company_key"]
    search_help_text = "The beginning of a name, company, e-mail address, phone number or domain"
    list_select_related = ["assigned_user"]
    # Any other order than its own would sort the whole table.
    sortable_by = ()
    notes = ["leads/admin/lead_header.html"]
    fieldsets = [
        (
            "Deal",
            {
                "fields": [
                    ("stage", "status"),
                    ("priority", "assigned_user"),
                    ("estimated_value", "currency"),
                    "next_follow_up_at",
                    "description",
                    "is_archived",
                ],
            },
        ),
        (
            "Person",
            {
                "fields": [
                    ("first_name", "last_name"),
                    ("email", "phone"),
                    ("title", "location"),
                    ("company_name", "company_domain"),
                    "linkedin_url",
                    "tags",
                ],
            },
        ),
        (
            "Origin",
            {
                "fields": [
                    ("source", "source_id"),
                    "created_by_user",
                    ("assigned_at", "last_activity_at", "last_contacted_at"),
                    "custom_fields",
                    "raw_data",
                ],
                "classes": ["collapse"],
            },
        ),
    ]
    add_fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("email", "phone"), ("company_name", "title")]}),
        ("Deal", {"fields": [("stage", "status"), ("priority", "assigned_user"), ("estimated_value", "currency")]}),
        ("More", {"fields": [("company_domain", "location"), "linkedin_url", ("source", "source_id"), "description"]}),
    ]
    inlines = [NotesInline, BookingsInline, AttachmentInline, SocialInline, StudentInline]
    actions = ["assign_all", "move_all", "archive_all", "export"]
    actions_detail = ["move", "give", "book", "attach"]

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        access = access_of(request)
        return self.has_change_permission(request, obj) and (access.allows("bookings.create"))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        lead = kwargs.get("obj")
        return super().render_change_form(
            request, {**context, "header": header_of(lead) if lead else None}, *args, **kwargs
        )

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        rows, distinct = super().get_search_results(request, queryset, "")
        by_id, _distinct = self._by_id(request, queryset, search_term)
        if by_id is not None:
            return by_id, distinct
        return selectors.find_leads(rows, search_term), distinct

    def _by_id(self, request: HttpRequest, rows: QuerySet, term: str) -> tuple[QuerySet | None, bool]:
        compact = term.strip().replace("-", "")
        if len(compact) != 32 or not all(character in "0123456789abcdefABCDEF" for character in compact):
            return None, False
        return super().get_search_results(request, rows, term)

    @display(description="Lead", header=True)
    def person(self, obj: Any) -> tuple[str, str]:
        return obj.full_name or obj.email or obj.phone or "Without a name", obj.title or obj.email

    @display(description="Company")
    def company(self, obj: Any) -> str:
        return str(obj.company_name)

    @display(description="Stage", label=STAGE_COLOURS)
    def stage_label(self, obj: Any) -> str:
        return in_words(obj.stage)

    @display(description="Owner")
    def owner(self, obj: Any) -> str | None:
        return obj.assigned_user.full_name if obj.assigned_user else None

    @display(description="Follow-up", label={"overdue": "danger", "planned": "default"})
    def follow_up(self, obj: Any) -> tuple[str, str] | None:
        due = obj.next_follow_up_at
        if due is None:
            return None
        return ("overdue" if due <= timezone.now() else "planned", day(due))

    @display(description="Last activity")
    def active(self, obj: Any) -> str | None:
        return day(obj.last_activity_at) if obj.last_activity_at else None

    @display(description="Priority", label={value.label: colour for value, colour in PRIORITY_COLOURS.items()})
    def priority_label(self, obj: Any) -> str | None:
        return obj.get_priority_display() if obj.priority else None

    @display(description="Value")
    def value(self, obj: Any) -> str | None:
        return amount(obj)

    @row_action(
        "Move to stage",
        form=lambda row: stage_form(row.tenant_id),
        when=lambda row: not is_deleted(row),
        icon="moving",
    )
    def move(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        writes.update(row, {"stage": values["stage"]}, actor=access_of(request).user)
        return f"{row} stands in “{in_words(values['stage'])}” now."

    @row_action(
        "Assign",
        form=lambda row: owner_form(row.tenant_id),
        when=lambda row: not is_deleted(row),
        icon="person_add",
    )
    def give(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        user = _user(values["assigned_user"])
        leads.assign(lead=row, user=user, actor=access_of(request).user)
        return f"{row} belongs to {user} now." if user else f"{row} belongs to nobody now."

    @row_action(
        "Book",
        explanation="The lead's owner holds the booking; choosing somebody else makes them the owner.",
        form=lambda row: book_form(people_of(row.tenant_id), row),
        permission="book",
        when=lambda row: not is_deleted(row),
        icon="event",
    )
    def book(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        user = _user(values.pop("assigned_user"))
        values = {"lead": row, "assigned_user": user, **values}
        booking = writes.create(LeadBooking, values, actor=access_of(request).user)
        return f"Booked: {booking}."

    @bulk_action("Assign", form_of=owner_form)
    def assign_all(self, request: HttpRequest, rows: list[Any], values: dict[str, Any]) -> str:
        user = _user(values["assigned_user"])
        changed = _in_portions(rows, lambda ids: leads.assign_many(ids=ids, user=user, actor=access_of(request).user))
        return f"{changed} of {len(rows)} leads changed hands."

    @bulk_action("Move to stage", form_of=stage_form)
    def move_all(self, request: HttpRequest, rows: list[Any], values: dict[str, Any]) -> str:
        key, actor = values["stage"], access_of(request).user
        changed = _in_portions(rows, lambda ids: leads.move_many(ids=ids, stage=key, actor=actor))
        return f"{changed} of {len(rows)} leads moved to “{in_words(key)}”."

    @admin.action(description="Archive", permissions=["change"])
    def archive_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        rows = list(queryset)
        for row in rows:
            with self.row_scope(request, row):
                writes.update(row, {"is_archived": True}, actor=access_of(request).user)
        messages.success(request, f"{len(rows)} leads are archived.")

    @admin.action(description="Export", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        return leads_csv(queryset)  # type: ignore[return-value]


def in_words(key: str) -> str:
    """``closed_won`` is “Closed won”."""
    return key.replace("_", " ").replace("-", " ").capitalize()


def _user(key: str) -> User | None:
    return User.objects.get(pk=key) if key else None


def _in_portions(rows: list[Any], change: Any) -> int:
    ids = [row.pk for row in rows]
    portions = (ids[start : start + leads.MOST_AT_ONCE] for start in range(0, len(ids), leads.MOST_AT_ONCE))
    return sum(outcome.verdict == "changed" for portion in portions for outcome in change(portion))
