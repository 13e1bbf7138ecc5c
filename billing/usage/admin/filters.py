"""The usage explorer's filters: tenant, period, feature, user and status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.usage.models import UsageStatus
from billing.usage.selectors import summaries
from billing.usage.selectors.summaries import DEFAULT_DAYS, Period, UsageFilter
from lad import moments
from lad.errors import Invalid
from tenants.features.selectors import PLANS_BY_FEATURE
from tenants.teams.models import Membership, Tenant

# Longer lists are not usable; links from other pages still reach the rest.
MAX_CHOICES: Final = 300
PRESETS: Final = {
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last 365 days",
    "this-month": "This month",
    "last-month": "Last month",
    "custom": "From … to …",
}
STATUSES: Final = [choice for choice in UsageStatus.choices if choice[0] != UsageStatus.VOIDED]


class ExplorerForm(forms.Form):
    """The filters above the chart, all optional."""

    tenant = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    period = forms.ChoiceField(required=False, choices=list(PRESETS.items()), widget=UnfoldAdminSelectWidget)
    first = forms.DateField(
        required=False, label="From", validators=[moments.validate], widget=UnfoldAdminTextInputWidget({"type": "date"})
    )
    last = forms.DateField(
        required=False, label="To", validators=[moments.validate], widget=UnfoldAdminTextInputWidget({"type": "date"})
    )
    feature = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    user = forms.ChoiceField(required=False, label="Person", widget=UnfoldAdminSelectWidget)
    status = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, data: Mapping[str, Any], *, tenant_id: UUID | None, may_choose: bool) -> None:
        super().__init__({"period": str(DEFAULT_DAYS), **data})
        self._offer("status", "Charged or not", STATUSES)
        features = sorted({*PLANS_BY_FEATURE, *([data["feature"]] if data.get("feature") else [])})
        self._offer("feature", "All features", [(key, key) for key in features])
        self._offer("user", "Everybody", _people(tenant_id, data.get("user", "")))
        if may_choose:
            tenants = Tenant.objects.order_by("name").values_list("pk", "name")[:MAX_CHOICES]
            self._offer("tenant", "All tenants", [(str(key), name) for key, name in tenants])
        else:
            del self.fields["tenant"]
        if tenant_id is None:
            del self.fields["user"]

    def _offer(self, name: str, nothing: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", nothing), *choices]


@dataclass(frozen=True, slots=True)
class ExplorerQuery:
    """The period and filters to show. ``error`` says why an invalid period was replaced by the default."""

    period: Period
    usage_filter: UsageFilter
    preset: str
    error: str = ""


def read_query(values: Mapping[str, Any], *, zone: str, now: datetime) -> ExplorerQuery:
    """Turn the form's values into a query for today in the time zone."""
    usage_filter = UsageFilter(
        feature_key=values.get("feature") or "",
        user_id=UUID(values["user"]) if values.get("user") else None,
        status=values.get("status") or "",
    )
    first, last, preset = values.get("first"), values.get("last"), values.get("period") or str(DEFAULT_DAYS)
    if first or last:
        preset = "custom"
    if preset != "custom":
        return ExplorerQuery(
            Period(*_preset(preset, now.astimezone(ZoneInfo(zone)).date()), zone), usage_filter, preset
        )
    try:
        return ExplorerQuery(summaries.resolve_period(first=first, last=last, zone=zone, now=now), usage_filter, preset)
    except Invalid as error:
        message = " ".join(text for texts in error.errors.values() for text in texts)
        return ExplorerQuery(
            summaries.resolve_period(first=None, last=None, zone=zone, now=now),
            usage_filter,
            str(DEFAULT_DAYS),
            message,
        )


def _preset(name: str, today: date) -> tuple[date, date]:
    month = today.replace(day=1)
    if name == "this-month":
        return month, today
    if name == "last-month":
        last = month - timedelta(days=1)
        return last.replace(day=1), last
    return today - timedelta(days=int(name) - 1), today


def _people(tenant_id: UUID | None, selected: str) -> list[tuple[str, str]]:
    if tenant_id is None:
        return []
    rows = Membership.objects.filter(tenant=tenant_id).select_related("user").order_by("user__email")[:MAX_CHOICES]
    people = {str(row.user_id): row.user.full_name for row in rows}
    # A user who has left the tenant can still be the active filter.
    return list(({selected: "Somebody else"} if selected and selected not in people else {} | people).items())
