"""What invoices say of a tenant."""

from typing import Any

from django.http import HttpRequest
from unfold.decorators import display

from billing.formatting import percent
from billing.invoicing.models import BillingProfile
from lad.admin.base import TenantModelAdmin, register


@register(BillingProfile)
class BillingProfileAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "badge", 67
    list_display = ["name", "country", "tax_id", "tax", "tax_point", "payment_terms_days", "invoice_email"]
    list_filter = ["tax_point", "country", "created_at"]
    search_fields = ["tax_id__exact", "invoice_email__exact"]
    fieldsets = [
        (None, {"fields": ["legal_name", "address", "country", "tax_id"]}),
        ("Tax", {"fields": ["tax_name", "tax_rate", "tax_point"]}),
        ("Invoices", {"fields": ["invoice_email", "payment_terms_days", "invoice_prefix"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) or self.allows(request, "update")

    @display(description="Name")
    def name(self, obj: Any) -> str:
        return str(obj)

    @display(description="Tax")
    def tax(self, obj: Any) -> str:
        return f"{obj.tax_name} {percent(obj.tax_rate)}"
