"""Metered use: what was used, what it cost and whether it was paid."""

from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RangeNumericFilter
from unfold.decorators import display

from billing.admin.tables import Column, amount, quantity, table
from billing.models import PriceCategory, UsageEvent
from lad.adminsite.base import ReadOnlyAdmin, register
from tenants.features import CATALOGUE

ITEMS: Final = (
    Column("Category", "category"),
    Column("Provider", "provider"),
    Column("Model", "model"),
    Column("Quantity", "quantity", quantity),
    Column("Unit", "unit"),
    Column("Unit price", "unit_price", amount),
    Column("Cost", "cost", amount),
)


TITLES: Final = dict(PriceCategory.choices)


class FeatureFilter(DropdownFilter):
    """Of LAD's features; any other key is found by the search."""

    title = "feature"
    parameter_name = "feature"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(key, key) for key in sorted(CATALOGUE)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(feature_key=self.value()) if self.value() else queryset


@register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    area = "usage"
    section, icon, rank = "Billing", "speed", 30
    list_display = ["feature_key", "status", "cost", "components", "user", "charged_at", "created_at"]
    list_filter = ["status", FeatureFilter, ("total_cost", RangeNumericFilter), "user", "created_at"]
    search_fields = ["external_reference_id__exact", "idempotency_key__exact"]
    fieldsets = [
        (None, {"fields": ["feature_key", "status", "user", "external_reference_id"]}),
        ("What was used", {"fields": ["items"]}),
        ("Charge", {"fields": ["ledger_transaction", "charged_at", "retry_count", "error_message"]}),
        ("Data", {"fields": ["idempotency_key", "metadata"]}),
    ]
    readonly_fields = ["items"]

    @display(description="Cost")
    def cost(self, obj: Any) -> str:
        return amount(obj.total_cost, obj.currency)

    @display(description="Components")
    def components(self, obj: Any) -> str:
        first, *others = _named(obj.usage_items)
        return f"{first['category']} + {len(others)}" if others else str(first["category"])

    @display(description="Items")
    def items(self, obj: Any) -> Any:
        return table(ITEMS, _named(obj.usage_items), ("Total", amount(obj.total_cost, obj.currency)))


def _named(items: Any) -> Any:
    """The items with their categories in words."""
    return [{**item, "category": TITLES.get(item.get("category"), item.get("category"))} for item in items]
