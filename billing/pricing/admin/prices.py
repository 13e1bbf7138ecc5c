"""Prices in the admin: the list by component, and each price with its history."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import Column, table
from billing.pricing import selectors
from billing.pricing.admin import price_sheet
from billing.pricing.admin.price_change import new_price_form, preview_price_change
from billing.pricing.models import Price
from billing.pricing.services import prices
from lad.admin.actions import row_action
from lad.admin.base import SharedModelAdmin, register
from lad.admin.lists import computed_once
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from lad.times import written
from tenants.activity.exports import may_export

VALIDITY: Final = {"in force": "success", "to come": "info", "ended": "default", "withdrawn": "warning"}
MAX_PERIODS_SHOWN: Final = 50
PERIOD_COLUMNS: Final = (
    Column("For", "scope"),
    Column("From", "since"),
    Column("Until", "until"),
    Column("State", "state"),
    Column("Version", "version"),
    Column("Price", "price"),
)


class ValidityFilter(DropdownFilter):
    title = "validity"
    parameter_name = "validity"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in VALIDITY]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        active = Q(is_active=True)
        conditions = {
            "in force": selectors.in_force(now),
            "to come": active & Q(effective_from__gt=now),
            "ended": active & Q(effective_to__lte=now),
            "withdrawn": ~active,
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class ScopeFilter(DropdownFilter):
    title = "for"
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("shared", "Everybody"), ("own", "One tenant")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(tenant__isnull=self.value() == "shared") if self.value() else queryset


@register(Price)
class PriceAdmin(SharedModelAdmin):
    area = "usage"
    section, icon, rank = "Billing", "sell", 50
    list_display = ["component", "price", "validity", "scope", "effective_from", "effective_to", "is_active"]
    list_filter = ["category", "scheme", ValidityFilter, ScopeFilter, "is_active", "effective_from"]
    list_select_related = ["tenant"]
    ordering = ["category", "provider", "model", "unit", "-effective_from"]
    search_fields = ["provider", "model"]
    add_fieldsets = [
        (None, {"fields": ["category", "provider", "model", "unit", "description"]}),
        ("Terms", {"fields": ["scheme", "unit_price", "package_size", "tiers"]}),
        ("Validity", {"fields": ["effective_from", "effective_to", "is_active"]}),
    ]
    fieldsets = [
        (None, {"fields": ["category", "provider", "model", "unit", "version", "description"]}),
        ("Terms", {"fields": ["scheme", "unit_price", "package_size", "tiers"]}),
        ("Validity", {"fields": ["effective_from", "effective_to", "is_active", "scope"]}),
        ("This component over time", {"fields": ["periods"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["scope", "periods"]
    actions_detail = ["change_price"]

    def _columns(self, request: HttpRequest) -> list[Any]:
        """Leave out the tenant, which the column “For” shows."""
        return [name for name in super()._columns(request) if name != "tenant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Price | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        if obj is None or not prices.has_begun(obj, timezone.now()):
            return readonly
        return [*readonly, *sorted(prices.FIXED_FIELDS - {*readonly})]

    def has_delete_permission(self, request: HttpRequest, obj: Price | None = None) -> bool:
        settled = isinstance(obj, Price) and prices.has_begun(obj, timezone.now())
        return not settled and super().has_delete_permission(request, obj)

    @display(description="Component")
    def component(self, obj: Price) -> str:
        return f"{obj.get_category_display()} · {obj.provider} · {obj.model}"

    @display(description="Price")
    def price(self, obj: Price) -> str:
        return obj.formatted_price

    @display(description="Validity", label=VALIDITY)
    def validity(self, obj: Price) -> str:
        return _validity(obj)

    @display(description="For", label={"Everybody": "primary"})
    def scope(self, obj: Price) -> str:
        return _scope(obj)

    @display(description="Periods")
    @computed_once
    def periods(self, obj: Price) -> Any:
        rows = selectors.periods_of(obj)[:MAX_PERIODS_SHOWN]
        return table(PERIOD_COLUMNS, [_period_row(row) for row in rows])

    @row_action(
        "Change the price",
        explanation="Ends this price and starts a new one at that time. Earlier usage keeps its price.",
        form=new_price_form,
        preview=preview_price_change,
        when=lambda row: _validity(row) == "in force",
        icon="price_change",
    )
    def change_price(self, request: HttpRequest, row: Price, values: dict[str, Any]) -> str:
        new = prices.change(
            price=row,
            terms=values["terms"],
            effective_from=values["effective_from"],
            actor=access_of(request).user,
        )
        return f"The new price is {new}, from {written(new.effective_from)}."


def price_list(request: HttpRequest) -> HttpResponse:
    """Show the prices in force by category: common prices, and those of single tenants."""
    if not _may_view(request):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Price list",
        "categories": selectors.price_list(now=timezone.now()),
        "export_url": reverse("admin:price_export") if may_export(request) else "",
        "import_url": reverse("admin:price_import") if price_sheet.may_import(request) else "",
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "billing/pricing/price_list.html", context)


def _may_view(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("usage.view")


def _scope(row: Price) -> str:
    return str(row.tenant) if row.tenant_id else "Everybody"


def _validity(row: Price) -> str:
    now = timezone.now()
    if not row.is_active:
        return "withdrawn"
    if row.effective_from > now:
        return "to come"
    return "in force" if row.is_in_force_at(now) else "ended"


def _period_row(row: Price) -> dict[str, Any]:
    return {
        "scope": _scope(row),
        "since": written(row.effective_from),
        "until": written(row.effective_to) if row.effective_to else "further notice",
        "state": _validity(row),
        "version": row.version,
        "price": row.formatted_price,
    }


add_view("price-list/", price_list, "price_list")
add_page(SidebarPage("Price list", "admin:price_list", "Billing", "menu_book", 40, _may_view))
