"""The pages of the company caches."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from leads.companies.models import CompanySearchCache, EmployeeCache


@register(CompanySearchCache)
class CompanySearchCacheAdmin(TenantModelAdmin):
    area = "companies"
    section, icon, rank = "Leads", "domain", 120
    list_display = [
        "company",
        "company_domain",
        "search_keywords",
        "search_location",
        "page_number",
        "access_count",
        "last_accessed_at",
    ]
    list_filter = ["last_accessed_at", "created_at"]
    search_fields = ["name_text", "company_domain__exact"]
    fieldsets = [
        (None, {"fields": [("company_name", "company_domain"), "apollo_organization_id"]}),
        ("Found by", {"fields": [("search_keywords", "search_location"), ("search_industry", "page_number")]}),
        ("Use", {"fields": ["access_count", "last_accessed_at"]}),
        ("Data", {"fields": ["company_data"]}),
    ]

    @display(description="Company", ordering="name_text")
    def company(self, obj: CompanySearchCache) -> str:
        return str(obj)


@register(EmployeeCache)
class EmployeeCacheAdmin(TenantModelAdmin):
    area = "companies"
    section, icon, rank = "Leads", "badge", 125
    list_display = [
        "person",
        "employee_title",
        "company_name",
        "employee_email",
        "location",
        "profile",
        "last_fetched_at",
    ]
    list_filter = ["data_source", "created_at"]
    search_fields = ["name_text", "employee_email__exact", "company_domain__exact"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("employee_name", "employee_title"),
                    ("employee_email", "employee_phone"),
                    "employee_headline",
                    ("employee_city", "employee_state", "employee_country"),
                    "employee_linkedin_url",
                    "employee_photo_url",
                ]
            },
        ),
        ("Company", {"fields": [("company_name", "company_domain"), "company_id"]}),
        (
            "Source",
            {"fields": [("data_source", "apollo_person_id"), ("last_fetched_at", "matched_at"), "employee_data"]},
        ),
    ]

    @display(description="Name", ordering="name_text")
    def person(self, obj: EmployeeCache) -> str:
        return str(obj)

    @display(description="Location")
    def location(self, obj: EmployeeCache) -> str | None:
        return ", ".join(part for part in (obj.employee_city, obj.employee_country) if part) or None

    @display(description="Profile")
    def profile(self, obj: EmployeeCache) -> SafeString | None:
        if not obj.employee_linkedin_url.startswith(("https://", "http://")):
            return None
        return format_html(
            '<a class="lad-link" href="{}" rel="noreferrer noopener" target="_blank">LinkedIn</a>',
            obj.employee_linkedin_url,
        )
