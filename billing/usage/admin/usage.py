"""Metered use: what was used, what it cost and whether it was paid."""

from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RangeNumericFilter
from unfold.decorators import display

from billing.formatting import Column, amount, quantity, table
from billing.pricing.models import PriceCategory
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import charging, usage
from lad.admin.actions import Look, Move, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.permissions import access_of
from tenants.features.selectors import CATALOGUE

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


def _facts(row: Any) -> list[tuple[str, str]]:
    cost = amount(row.total_cost, row.currency)
    return [("Feature", row.feature_key), ("Used", f"{row.occurred_at:%Y-%m-%d %H:%M} UTC"), ("Cost", cost)]


def _charge_look(row: Any, values: dict[str, Any]) -> Look:
    return Look(facts=_facts(row), moves=[Move("Status", row.get_status_display(), UsageStatus.CHARGED.label)])


def _void_look(row: Any, values: dict[str, Any]) -> Look:
    paid = row.status == UsageStatus.CHARGED
    return Look(
        facts=[*_facts(row), ("Reason", values["reason"])],
        moves=[Move("Status", row.get_status_display(), UsageStatus.VOIDED.label)],
        warnings=["What was paid goes back to the wallet it came from."] if paid else [],
    )


def _charged(row: UsageEvent) -> str:
    if row.status != UsageStatus.CHARGED:
        # Kept as it is said, for the reason is on the page now.
        return f"It could not be charged: {row.error_message}"
    return f"{amount(row.total_cost, row.currency)} was charged."


@register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    area = "usage"
    section, icon, rank = "Billing", "speed", 30
    list_display = ["feature_key", "status", "cost", "components", "user", "occurred_at", "charged_at", "created_at"]
    list_filter = ["status", FeatureFilter, ("total_cost", RangeNumericFilter), "user", "occurred_at", "created_at"]
    search_fields = ["external_reference_id__exact", "idempotency_key__exact"]
    fieldsets = [
        (None, {"fields": ["feature_key", "status", "user", "occurred_at", "external_reference_id"]}),
        ("What was used", {"fields": ["items", "quota_units"]}),
        (
            "Charge",
            {"fields": ["ledger_transaction", "charged_at", "retry_count", "next_charge_at", "error_message"]},
        ),
        ("Void", {"fields": ["voided_at", "void_reason"]}),
        ("Data", {"fields": ["idempotency_key", "metadata"]}),
    ]
    readonly_fields = ["items"]
    actions_detail = ["charge_now", "try_again", "void"]

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

    @row_action(
        "Charge",
        explanation="What it cost is taken from the wallet of its user, or from the tenant's.",
        permission="platform",
        when=lambda row: row.status == UsageStatus.PENDING,
        icon="payments",
        look=_charge_look,
    )
    def charge_now(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return _charged(charging.charge(event=row))

    @row_action(
        "Try again",
        explanation="The charge that failed is made again, from the wallet that pays now.",
        permission="platform",
        when=lambda row: row.status == UsageStatus.FAILED,
        icon="refresh",
        look=_charge_look,
    )
    def try_again(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return _charged(charging.retry(event=row))

    @row_action(
        "Void",
        explanation="It counts as never used: its quota and what was paid for it are given back.",
        form=ReasonForm,
        permission="platform",
        when=lambda row: row.status != UsageStatus.VOIDED,
        icon="block",
        danger=True,
        look=_void_look,
    )
    def void(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        usage.void(event=row, reason=values["reason"], actor=access_of(request).user)
        return "It is voided."


def _named(items: Any) -> Any:
    """The items with their categories in words."""
    return [{**item, "category": TITLES.get(item.get("category"), item.get("category"))} for item in items]
