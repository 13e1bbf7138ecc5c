"""The usage explorer: what was used and what it cost, by day, feature, person and component."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from billing.money import to_price
from billing.pricing.models import PriceCategory
from billing.usage.admin.chart import COLOURS, daily_chart
from billing.usage.admin.export import usage_file
from billing.usage.admin.filters import Asked, ExplorerForm, asked
from billing.usage.models import UsageStatus
from billing.usage.selectors import details as usage_details
from billing.usage.selectors import summaries
from billing.usage.selectors.summaries import By, Line, Summary, Trend
from lad.admin.navigation import Page, add_page
from lad.admin.permissions import access_of
from lad.admin.site import add_view
from lad.tenancy.context import platform_context

CATEGORIES: Final = dict(PriceCategory.choices)
STATUSES: Final = dict(UsageStatus.choices)
# A panel shows so many lines; all are in the file.
SHOWN: Final = 8
COMPONENTS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a panel: its share of the whole in per cent, and the page that shows nothing else."""

    name: str
    uses: str
    cost: str
    share: str
    url: str
    colour: int = 0


def explorer(request: HttpRequest) -> HttpResponseBase:
    """Everything in the scope of the caller; staff of the platform may narrow it to a tenant here."""
    if not _may_look(request):
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
        question = asked(values, zone=summaries.zone_of_scope(), now=now)
        if "csv" in given:
            return usage_file(question)
        links = _Links(given, tenant_id if may_choose else None, question)
        context = {
            **admin.site.each_context(request),
            **_figures(question, links, now),
            "title": "Usage explorer",
            "form": form,
            "asked": question,
            "errors": [text for texts in form.errors.values() for text in texts] + [question.error],
            "chips": links.chips(form),
            "csv_url": links.to(csv="1"),
            "rows_url": links.rows(),
            "is_fullwidth": "1",
        }
    return TemplateResponse(request, "billing/admin/usage_explorer.html", context)


class _Links:
    """Addresses of this page with other filters, and of the rows behind its figures."""

    def __init__(self, given: Mapping[str, str], tenant_id: UUID | None, question: Asked) -> None:
        self.given = {name: value for name, value in given.items() if name != "csv"}
        self.tenant_id = tenant_id
        self.question = question

    def to(self, **changes: str) -> str:
        """This page with these filters changed; an empty one is taken away."""
        values = {**self.given, **changes}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def rows(self, **more: str) -> str:
        """The events themselves."""
        period, chosen = self.question.period, self.question.chosen
        begins, last = period.begins.astimezone(UTC), (period.ends - timedelta(microseconds=1)).astimezone(UTC)
        values = {
            "feature": chosen.feature_key,
            "status__exact": chosen.status,
            "user__id__exact": str(chosen.user_id or ""),
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
        """What is filtered, each with the page without it."""
        found = []
        for name in ("tenant", "feature", "user", "status"):
            value = self.given.get(name)
            if value and name in form.fields:
                field: Any = form.fields[name]
                found.append((dict(field.choices).get(value, value), self.to(**{name: ""})))
        return found


def _figures(question: Asked, links: _Links, now: datetime) -> dict[str, Any]:
    period, chosen = question.period, question.chosen
    features = summaries.summarise(by=By.FEATURE, period=period, chosen=chosen)
    people = summaries.summarise(by=By.USER, period=period, chosen=chosen)
    statuses = summaries.summarise(by=By.STATUS, period=period, chosen=chosen)
    components = summaries.summarise(by=By.COMPONENT, period=period, chosen=chosen)
    days = summaries.daily(period, summaries.summarise(by=By.DAY, period=period, chosen=chosen))
    before = summaries.summarise(by=By.STATUS, period=period.before, chosen=chosen)
    dearest = [line.key for line in features.lines[:COLOURS]]
    names = summaries.names_of(By.USER, people.lines)
    return {
        "cards": _cards(
            features, before, summaries.trend(now=now, zone=period.zone, chosen=chosen), period.length, links
        ),
        "chart": daily_chart(days, usage_details.stacked(period, chosen, dearest), dearest),
        "features": _panel(features, str, lambda key: links.to(feature=key), colours=COLOURS),
        "people": _panel(people, lambda key: names[key], lambda key: links.to(user=str(key)) if key else ""),
        "statuses": _panel(statuses, lambda key: str(STATUSES[key]), lambda key: links.to(status=key)),
        "components": [_component(line, components) for line in components.lines[:COMPONENTS_SHOWN]],
        "components_cost": amount(components.cost),
        "hidden_components": max(len(components.lines) - COMPONENTS_SHOWN, 0),
        "currency": chosen.currency,
    }


def _cards(now: Summary, before: Summary, trend: Trend, days: int, links: _Links) -> list[dict[str, str]]:
    change = summaries.percentage(now.cost - before.cost, before.cost) if before.cost else None
    unpaid = now.cost - now.charged
    return [
        {"title": "Cost", "value": _rounded(now.cost), "detail": _against(change, f"the {days} days before")},
        {"title": "Charged", "value": _rounded(now.charged), "detail": "paid from wallets"},
        {
            "title": "Not charged",
            "value": _rounded(unpaid),
            "detail": "pending or failed",
            "tone": "warning" if unpaid else "",
            "url": links.to(status=UsageStatus.FAILED),
        },
        {"title": "Uses", "value": f"{now.uses:,}", "detail": "each of them", "url": links.rows()},
        {"title": "A day", "value": _rounded(now.cost / days), "detail": "on average"},
        {
            "title": "This month",
            "value": _rounded(trend.this_month),
            "detail": _against(trend.percentage_change, "last month so far"),
        },
    ]


def _against(change: Decimal | None, what: str) -> str:
    return f"nothing in {what}" if change is None else f"{change:+,.1f} % against {what}"


def _rounded(value: Decimal) -> str:
    """To the cent, for figures that are compared at a glance; exact ones are in the table and the file."""
    return f"{value:,.2f}"


def _panel(
    summary: Summary, name: Callable[[Any], str], url: Callable[[Any], str], *, colours: int = 0
) -> dict[str, Any]:
    rows = [
        Row(
            name=name(line.key),
            uses=f"{line.uses:,}",
            cost=_rounded(line.cost),
            share=_share(line, summary),
            url=url(line.key),
            colour=min(place, colours + 1) if colours else 1,
        )
        for place, line in enumerate(summary.lines[:SHOWN], start=1)
    ]
    return {"rows": rows, "hidden": max(len(summary.lines) - SHOWN, 0)}


def _component(line: Line, summary: Summary) -> dict[str, str]:
    key = line.key
    each = line.cost / line.quantity if line.quantity else Decimal(0)
    return {
        "category": str(CATEGORIES.get(key.category) or key.category.capitalize()),
        "provider": key.provider,
        "model": key.model,
        "unit": key.unit,
        "uses": f"{line.uses:,}",
        "quantity": quantity(line.quantity),
        "each": amount(to_price(each)),
        "cost": amount(line.cost),
        "share": _share(line, summary),
    }


def _share(line: Line, summary: Summary) -> str:
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


def _may_look(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("usage.view")


add_view("usage/", explorer, "usage_explorer")
add_page(Page("Usage explorer", "admin:usage_explorer", "Billing", "bar_chart", 25, _may_look))
