"""The pages of students and counsellors."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.options import ModelAdmin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from lad.admin.permissions import can_view
from lad.labels import in_words
from leads.contacts.admin.by_lead import SearchedByLead
from leads.contacts.models import Lead
from leads.education.admin.availability import AvailabilityField, hours, week_table
from leads.education.models import EducationCounsellor, EducationStudent
from tenants.accounts.models import User

YEARS_SHOWN = 4


class IntakeYearFilter(DropdownFilter):
    title = "intake year"
    parameter_name = "intake_year"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        first = timezone.now().year - 1
        return [(str(year), str(year)) for year in range(first, first + YEARS_SHOWN)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[EducationStudent]) -> QuerySet[EducationStudent]:
        value = self.value() or ""
        return queryset.filter(intake_year=int(value)) if value.isdecimal() else queryset


@display(description="Hours")
def _week(obj: EducationCounsellor) -> SafeString:
    return week_table(obj.availability_rules)


def _name(user: User | None) -> str | None:
    return (user.full_name or user.email) if user else None


@register(EducationStudent)
class EducationStudentAdmin(SearchedByLead, TenantModelAdmin):
    area = "students"
    section, icon, rank = "Education", "school", 10
    empty_hint = "Add the first student. Each is a lead, with an education and a counsellor."
    global_search = True
    list_display = ["lead", "program_interested_in", "country_interested", "intake", "counsellor", "created_at"]
    list_filter = [IntakeYearFilter, "intake_month", "created_at"]
    list_select_related = ["lead__assigned_user"]
    add_fieldsets = [
        (None, {"fields": ["lead"]}),
        (
            "Wants to study",
            {"fields": ["program_interested_in", "country_interested", ("intake_month", "intake_year")]},
        ),
        ("Parents", {"fields": [("student_parent_name", "parent_designation")]}),
        ("More", {"fields": ["metadata"]}),
    ]
    fieldsets = [(None, {"fields": ["lead_card"]}), *add_fieldsets[1:]]
    readonly_fields = ["lead_card", "lead_name"]

    def get_fieldsets(self, request: HttpRequest, obj: EducationStudent | None = None) -> Any:
        """Return the fieldsets. Who may not see leads is shown the lead's name only."""
        found = super().get_fieldsets(request, obj)
        if obj is None or can_view(request, Lead):
            return found
        return [(None, {"fields": ["lead_name"]}), *found[1:]]

    @display(description="Lead")
    def lead_name(self, obj: EducationStudent) -> str:
        return str(obj.lead)

    @display(description="Intake", ordering="intake_year")
    def intake(self, obj: EducationStudent) -> str | None:
        return obj.intake or None

    @display(description="Counsellor")
    def counsellor(self, obj: EducationStudent) -> str | None:
        return _name(obj.lead.assigned_user)

    @display(description="Lead")
    def lead_card(self, obj: EducationStudent) -> SafeString:
        lead = obj.lead
        facts = [lead.email, lead.phone, lead.location, in_words(lead.stage), in_words(lead.status)]
        counsellor = _name(lead.assigned_user)
        return format_html(
            '<div class="lad-chips"><a class="lad-link" href="{}">{}</a>{}</div><p class="lad-hint">{}</p>',
            reverse("admin:leads_lead_change", args=(lead.pk,)),
            lead,
            format_html_join("", '<span class="lad-chip">{}</span>', ((each,) for each in facts if each)),
            f"Counselled by {counsellor}." if counsellor else "There is no counsellor yet. Assign the lead to one.",
        )


@register(EducationCounsellor)
class EducationCounsellorAdmin(TenantModelAdmin):
    area = "counsellors"
    section, icon, rank = "Education", "support_agent", 20
    global_search = True
    list_display = [
        "counsellor",
        "counselor_code",
        "specialization",
        "timezone",
        "week",
        "max_sessions_per_day",
        "is_active",
    ]
    list_select_related = ["user"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["display_name", "counselor_code"]
    fieldsets = [
        (
            None,
            {"fields": ["user", ("display_name", "counselor_code"), ("designation", "specialization"), "is_active"]},
        ),
        (
            "Hours",
            {"fields": ["timezone", "availability_rules", "max_sessions_per_day"]},
        ),
        ("More", {"fields": ["metadata"]}),
    ]

    def __init__(self, model: type[EducationCounsellor], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.availability_rules_json = _week

    def get_readonly_fields(self, request: HttpRequest, obj: EducationCounsellor | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "availability_rules":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return AvailabilityField(
            label="Hours",
            help_text="Separate windows with commas; an empty day is closed. Times are in the counsellor's time zone.",
        )

    @display(description="Counsellor", ordering="display_name")
    def counsellor(self, obj: EducationCounsellor) -> str:
        return obj.display_name or obj.user.full_name

    @display(description="Week")
    def week(self, obj: EducationCounsellor) -> str | None:
        return hours(obj.availability_rules) or None
