"""The usage explorer: usage and its cost by day, feature, user and component."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.formatting import amount, quantity
from billing.money import round_unit_price
from billing.pricing.models import PriceCategory
from billing.usage.admin.chart import COLOURS, daily_chart
from billing.usage.admin.export import csv_response
from billing.usage.admin.filters import ExplorerForm, ExplorerQuery, read_query
from billing.usage.models import UsageStatus
from billing.usage.selectors import details, summaries
from billing.usage.selectors.summaries import CostTrend, GroupBy, SummaryLine, UsageSummary
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from lad.tenancy.context import platform_context
from lad.times import here
from tenants.activity.exports import begin_export, may_export

CATEGORIES: Final = dict(PriceCategory.choices)
STATUSES: Final = dict(UsageStatus.choices)
# The CSV file has all of them.
MAX_ROWS_SHOWN: Final = 8
MAX_COMPONENTS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A row of a panel: its share of the total in per cent, and the page filtered by it."""

    name: str
    uses: str
    cost: str
    share: str
    url: str
    colour: int = 0


def explorer(request: HttpRequest) -> HttpResponseBase:
    """Show the usage in the caller's scope. Platform staff may narrow it to one tenant."""
    if not _may_view(request):
        raise PermissionDenied
    access = access_of(request)
    may_choose = access.platform and access.tenant_id is None
    given = {name: str(value) for name, value in request.GET.items() if value}
    tenant_id = access.tenant_id or (_uuid(given.get("tenant", "")) if may_choose else None)
    with _scope(request, tenant_id if may_choose else None):
        form = ExplorerForm(given, tenant_id=tenant_id, may_choose=may_choose)
        form.full_clean()
        values = form.cleaned_data
        now = timezone.now()
        query = read_query(values, zone=summaries.scope_timezone(), now=now)
        if "csv" in given:
            return begin_export(request, kind="usage") or csv_response(query)
        links = _Links(given, tenant_id if may_choose else None, query)
        context = {
            **admin.site.each_context(request),
            **_figures(query, links, now),
            "title": "Usage explorer",
            "form": form,
            "query": query,
            "errors": [text for texts in form.errors.values() for text in texts] + [query.error],
            "chips": links.chips(form),
            "csv_url": links.to(csv="1") if may_export(request) else "",
            "rows_url": links.rows(),
            "is_fullwidth": "1",
        }
    return TemplateResponse(request, "billing/usage/usage_explorer.html", context)


class _Links:
    """Links to this page with other filters, and to the events behind its figures."""

    def __init__(self, given: Mapping[str, str], tenant_id: UUID | None, query: ExplorerQuery) -> None:
        self.given = {name: value for name, value in given.items() if name != "csv"}
        self.tenant_id = tenant_id
        self.query = query

    def to(self, **changes: str) -> str:
        """Return this page's address with the filters changed. An empty value removes its filter."""
        values = {**self.given, **changes}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def rows(self, **more: str) -> str:
        """Return the address of the list of events."""
        period, usage_filter = self.query.period, self.query.usage_filter
        begins, last = here(period.begins), here(period.ends - timedelta(microseconds=1))
        values = {
            "feature": usage_filter.feature_key,
            "status__exact": usage_filter.status,
            "user__id__exact": str(usage_filter.user_id or ""),
            "tenant__id__exact": str(self.tenant_id or ""),
            "occurred_at_from_0": f"{begins:%Y-%m-%d}",
            "occurred_at_from_1": f"{begins:%H:%M:%S}",
            "occurred_at_to_0": f"{last:%Y-%m-%d}",
            "occurred_at_to_1": f"{last:%H:%M:%S}",
            **more,
        }
        address = reverse("admin:billing_usageevent_changelist")
        return f"{address}?{urlencode({name: value for name, value in values.items() if value})}"

    def chips(self, form: ExplorerForm) -> list[tuple[str, str]]:
        """Return each active filter with the address of the page without it."""
        found = []
        for name in ("tenant", "feature", "user", "status"):
            value = self.given.get(name)
            if value and name in form.fields:
                field: Any = form.fields[name]
                found.append((dict(field.choices).get(value, value), self.to(**{name: ""})))
        return found


def _figures(query: ExplorerQuery, links: _Links, now: datetime) -> dict[str, Any]:
    period, usage_filter = query.period, query.usage_filter
    features = summaries.summarise(by=GroupBy.FEATURE, period=period, usage_filter=usage_filter)
    people = summaries.summarise(by=GroupBy.USER, period=period, usage_filter=usage_filter)
    statuses = summaries.summarise(by=GroupBy.STATUS, period=period, usage_filter=usage_filter)
    components = summaries.summarise(by=GroupBy.COMPONENT, period=period, usage_filter=usage_filter)
    days = summaries.daily(period, summaries.summarise(by=GroupBy.DAY, period=period, usage_filter=usage_filter))
    before = summaries.summarise(by=GroupBy.STATUS, period=period.before, usage_filter=usage_filter)
    most_expensive = [line.key for line in features.lines[:COLOURS]]
    names = summaries.display_names(GroupBy.USER, people.lines)
    return {
        "cards": _cards(
            features,
            before,
            summaries.trend(now=now, zone=period.zone, usage_filter=usage_filter),
            period.length,
            links,
        ),
        "chart": daily_chart(
            days, details.daily_costs_by_feature(period, usage_filter, most_expensive), most_expensive
        ),
        "features": _panel(features, str, lambda key: links.to(feature=key), colours=COLOURS),
        "people": _panel(people, lambda key: names[key], lambda key: links.to(user=str(key)) if key else ""),
        "statuses": _panel(statuses, lambda key: str(STATUSES[key]), lambda key: links.to(status=key)),
        "components": [_component(line, components) for line in components.lines[:MAX_COMPONENTS_SHOWN]],
        "components_cost": amount(components.cost),
        "hidden_components": max(len(components.lines) - MAX_COMPONENTS_SHOWN, 0),
        "currency": usage_filter.currency,
    }


def _cards(now: UsageSummary, before: UsageSummary, trend: CostTrend, days: int, links: _Links) -> list[dict[str, str]]:
    change = summaries.percentage(now.cost - before.cost, before.cost) if before.cost else None
    unpaid = now.cost - now.charged
    return [
        {"title": "Cost", "value": _rounded(now.cost), "detail": _against(change, f"the previous {days} days")},
        {"title": "Charged", "value": _rounded(now.charged), "detail": "paid from wallets"},
        {
            "title": "Not charged",
            "value": _rounded(unpaid),
            "detail": "pending or failed",
            "tone": "warning" if unpaid else "",
            "url": links.to(status=UsageStatus.FAILED),
        },
        {"title": "Uses", "value": f"{now.uses:,}", "detail": "usage events", "url": links.rows()},
        {"title": "Per day", "value": _rounded(now.cost / days), "detail": "on average"},
        {
            "title": "This month",
            "value": _rounded(trend.this_month),
            "detail": _against(trend.percentage_change, "last month so far"),
        },
    ]


def _against(change: Decimal | None, what: str) -> str:
    return f"nothing used in {what}" if change is None else f"{change:+,.1f} % against {what}"


def _rounded(value: Decimal) -> str:
    """Format to the cent. Exact figures are in the table and the CSV file."""
    return f"{value:,.2f}"


def _panel(
    summary: UsageSummary, name: Callable[[Any], str], url: Callable[[Any], str], *, colours: int = 0
) -> dict[str, Any]:
    rows = [
        PanelRow(
            name=name(line.key),
            uses=f"{line.uses:,}",
            cost=_rounded(line.cost),
            share=_share(line, summary),
            url=url(line.key),
            colour=min(place, colours + 1) if colours else 1,
        )
        for place, line in enumerate(summary.lines[:MAX_ROWS_SHOWN], start=1)
    ]
    return {"rows": rows, "hidden": max(len(summary.lines) - MAX_ROWS_SHOWN, 0)}


def _component(line: SummaryLine, summary: UsageSummary) -> dict[str, str]:
    key = line.key
    each = line.cost / line.quantity if line.quantity else Decimal(0)
    return {
        "category": str(CATEGORIES.get(key.category) or key.category.capitalize()),
        "provider": key.provider,
        "model": key.model,
        "unit": key.unit,
        "uses": f"{line.uses:,}",
        "quantity": quantity(line.quantity),
        "each": amount(round_unit_price(each)),
        "cost": amount(line.cost),
        "share": _share(line, summary),
    }


def _share(line: SummaryLine, summary: UsageSummary) -> str:
    return f"{summaries.percentage(line.cost, summary.cost):.1f}"


def _scope(request: HttpRequest, tenant_id: UUID | None) -> AbstractContextManager[None]:
    if tenant_id is None:
        return nullcontext()
    return platform_context(tenant_id=tenant_id, user_id=access_of(request).user.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _may_view(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("usage.view")


add_view("usage/", explorer, "usage_explorer")
add_page(SidebarPage("Usage explorer", "admin:usage_explorer", "Billing", "bar_chart", 25, _may_view))
