"""Billing profiles in the admin."""

from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest
from unfold.decorators import display

from billing.formatting import percent
from billing.invoicing.models import TENANT_FIELDS, BillingProfile
from lad.admin.base import TenantModelAdmin, register
from lad.tenancy.access import access_of


@register(BillingProfile)
class BillingProfileAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "badge", 67
    list_display = ["name", "country", "tax_id", "tax", "tax_point", "payment_terms_days", "invoice_email"]
    list_filter = ["tax_point", "country", "language", "created_at"]
    search_fields = ["legal_name", "tax_id", "invoice_email"]
    fieldsets = [
        (None, {"fields": ["legal_name", "address", "country", "tax_id", "language"]}),
        ("Tax", {"fields": ["tax_name", "tax_rate", "tax_point"]}),
        ("Invoices", {"fields": ["invoice_email", "payment_terms_days", "invoice_prefix"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: BillingProfile | None = None) -> bool:
        return super().has_add_permission(request, obj) or self.allows(request, "update")

    def get_readonly_fields(self, request: HttpRequest, obj: BillingProfile | None = None) -> list[str]:
        """Show a tenant's staff the fields of the platform without letting them change these."""
        readonly: list[str] = super().get_readonly_fields(request, obj)
        if access_of(request).platform:
            return readonly
        shown: Any = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [*readonly, *(name for name in shown if name not in TENANT_FIELDS and name not in readonly)]

    @display(description="Name")
    def name(self, obj: BillingProfile) -> str:
        return str(obj)

    @display(description="Tax")
    def tax(self, obj: BillingProfile) -> str:
        return f"{obj.tax_name} {percent(obj.tax_rate)}"
