"""Usage events in the admin: what was used, its cost, and whether it was charged."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.decorators import display

from billing.filters import FeatureFilter
from billing.formatting import Column, amount, quantity, table
from billing.pricing.models import PriceCategory
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import charging, usage
from lad.admin.actions import Change, Preview, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.forms import ReasonForm
from lad.labels import in_words
from lad.tenancy.access import access_of
from lad.times import written

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


def _facts(row: UsageEvent) -> list[tuple[str, str]]:
    cost = amount(row.total_cost, row.currency)
    return [("Feature", row.feature_key), ("Used", written(row.occurred_at)), ("Cost", cost)]


def _charge_preview(row: UsageEvent, values: dict[str, Any]) -> Preview:
    return Preview(facts=_facts(row), changes=[Change("Status", row.get_status_display(), UsageStatus.CHARGED.label)])


def _void_preview(row: UsageEvent, values: dict[str, Any]) -> Preview:
    paid = row.status == UsageStatus.CHARGED
    return Preview(
        facts=[*_facts(row), ("Reason", values["reason"])],
        changes=[Change("Status", row.get_status_display(), UsageStatus.VOIDED.label)],
        warnings=["The charge is returned to the wallet that paid it."] if paid else [],
    )


def _charged(row: UsageEvent) -> str:
    if row.status != UsageStatus.CHARGED:
        return f"The charge failed: {row.error_message}"
    return f"{amount(row.total_cost, row.currency)} was charged."


@register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    area = "usage"
    section, icon, rank = "Billing", "speed", 30
    empty_hint = "Each paid use of a feature appears here, with its cost."
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
    def cost(self, obj: UsageEvent) -> str:
        return amount(obj.total_cost, obj.currency)

    @display(description="Components")
    def components(self, obj: UsageEvent) -> str:
        first, *others = _named(obj.usage_items)
        name = str(TITLES.get(first["category"], in_words(first["category"])))
        return f"{name} + {len(others)}" if others else name

    @display(description="Items")
    def items(self, obj: UsageEvent) -> Any:
        return table(ITEMS, _named(obj.usage_items), ("Total", amount(obj.total_cost, obj.currency)))

    @row_action(
        "Charge",
        explanation="Debits the cost from the user's wallet, or from the tenant's if the user has none.",
        permission="platform",
        when=lambda row: row.status == UsageStatus.PENDING,
        icon="payments",
        preview=_charge_preview,
    )
    def charge_now(self, request: HttpRequest, row: UsageEvent, values: dict[str, Any]) -> str:
        return _charged(charging.charge(event=row))

    @row_action(
        "Retry charge",
        explanation="Charges the usage again, from the wallet that pays now.",
        permission="platform",
        when=lambda row: row.status == UsageStatus.FAILED,
        icon="refresh",
        preview=_charge_preview,
    )
    def try_again(self, request: HttpRequest, row: UsageEvent, values: dict[str, Any]) -> str:
        return _charged(charging.retry(event=row))

    @row_action(
        "Void",
        explanation="Voids the usage: returns the charge to the wallet and the units to the quota.",
        form=ReasonForm,
        permission="platform",
        when=lambda row: row.status != UsageStatus.VOIDED,
        icon="block",
        danger=True,
        preview=_void_preview,
    )
    def void(self, request: HttpRequest, row: UsageEvent, values: dict[str, Any]) -> str:
        usage.void(event=row, reason=values["reason"], actor=access_of(request).user)
        return "The usage was voided."


def _named(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the items with their category's label."""
    return [{**item, "category": TITLES.get(item["category"], item["category"])} for item in items]
