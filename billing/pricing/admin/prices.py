"""The price list by component: the common prices, and those of single tenants beside them."""

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
from billing.pricing.admin.price_change import look_at_change, new_price_form
from billing.pricing.models import Price
from billing.pricing.services import prices
from lad.admin.actions import row_action
from lad.admin.base import SharedModelAdmin, register
from lad.admin.lists import once_per_row
from lad.admin.navigation import Page, add_page
from lad.admin.permissions import access_of
from lad.admin.site import add_view

VALIDITY: Final = {"in force": "success", "to come": "info", "ended": "default", "withdrawn": "warning"}
# Of one component so many periods are shown on the page of each.
PERIODS: Final = 50
HISTORY: Final = (
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
    search_fields = ["provider__startswith", "model__startswith"]
    add_fieldsets = [
        (None, {"fields": ["category", "provider", "model", "unit", "description"]}),
        ("What it asks", {"fields": ["scheme", "unit_price", "package_size", "tiers"]}),
        ("Validity", {"fields": ["effective_from", "effective_to", "is_active"]}),
    ]
    fieldsets = [
        (None, {"fields": ["category", "provider", "model", "unit", "version", "description"]}),
        ("What it asks", {"fields": ["scheme", "unit_price", "package_size", "tiers"]}),
        ("Validity", {"fields": ["effective_from", "effective_to", "is_active", "scope"]}),
        ("This component over time", {"fields": ["periods"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["scope", "periods"]
    actions_detail = ["change_price"]

    def _columns(self, request: HttpRequest) -> list[Any]:
        """The marker says whose a price is."""
        return [name for name in super()._columns(request) if name != "tenant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        if obj is None or not prices.is_settled(obj, timezone.now()):
            return readonly
        return [*readonly, *sorted(prices.SETTLED - {*readonly})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        settled = isinstance(obj, Price) and prices.is_settled(obj, timezone.now())
        return not settled and super().has_delete_permission(request, obj)

    @display(description="Component")
    def component(self, obj: Any) -> str:
        return f"{obj.get_category_display()} · {obj.provider} · {obj.model}"

    @display(description="Price")
    def price(self, obj: Any) -> str:
        return obj.shown_price

    @display(description="Validity", label=VALIDITY)
    def validity(self, obj: Any) -> str:
        return _validity(obj)

    @display(description="For", label={"Everybody": "primary"})
    def scope(self, obj: Any) -> str:
        return _scope(obj)

    @display(description="Periods")
    @once_per_row
    def periods(self, obj: Any) -> Any:
        rows = selectors.periods_of(obj)[:PERIODS]
        return table(HISTORY, [_line(row) for row in rows])

    @row_action(
        "Change the price",
        explanation="This price ends and another begins at that moment. What was used before keeps its price.",
        form=new_price_form,
        look=look_at_change,
        when=lambda row: _validity(row) == "in force",
        icon="price_change",
    )
    def change_price(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        new = prices.change(
            price=row,
            terms=values["terms"],
            effective_from=values["effective_from"],
            actor=access_of(request).user,
        )
        return f"{new}, from {new.effective_from:%Y-%m-%d %H:%M} UTC on."


def price_list(request: HttpRequest) -> HttpResponse:
    """What each component costs now, by category: for everybody, and where a tenant pays otherwise."""
    if not _may_look(request):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Price list",
        "categories": selectors.price_list(now=timezone.now()),
        "export_url": reverse("admin:price_export"),
        "import_url": reverse("admin:price_import") if price_sheet.may_import(request) else "",
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "billing/admin/price_list.html", context)


def _may_look(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("usage.view")


def _scope(row: Any) -> str:
    return str(row.tenant) if row.tenant_id else "Everybody"


def _validity(row: Any) -> str:
    now = timezone.now()
    if not row.is_active:
        return "withdrawn"
    if row.effective_from > now:
        return "to come"
    return "in force" if row.holds_at(now) else "ended"


def _line(row: Price) -> dict[str, Any]:
    return {
        "scope": _scope(row),
        "since": f"{row.effective_from:%Y-%m-%d %H:%M}",
        "until": f"{row.effective_to:%Y-%m-%d %H:%M}" if row.effective_to else "further notice",
        "state": _validity(row),
        "version": row.version,
        "price": row.shown_price,
    }


add_view("price-list/", price_list, "price_list")
add_page(Page("Price list", "admin:price_list", "Billing", "menu_book", 40, _may_look))
