"""The pages of a campaign beside its own: what waits, and why something was not sent."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from campaigns.analytics import why_not
from campaigns.analytics.activities import activities
from campaigns.analytics.campaign_accounts import Account, channels_of, tenant_accounts
from campaigns.analytics.charts import chart
from campaigns.analytics.exports import KIND, activities_csv
from campaigns.analytics.overview import links, shown_step
from campaigns.analytics.queue import next_sends, queue, waiting_for
from campaigns.analytics.report import report
from campaigns.analytics.responses import PeriodQuerySerializer, period_of
from campaigns.analytics.tables import KIND as TABLES_KIND
from campaigns.analytics.tables import TABLES, report_csv
from campaigns.design.models import Campaign, CampaignStep
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.wording import reason_in_words
from campaigns.figures.reading import EVERYTHING, Period
from lad.admin.base import LadModelAdmin
from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import access_of
from leads.contacts.models import Lead
from leads.contacts.selectors import of_found_leads
from tenants.activity.exports import begin_export, may_export

SHOWN: Final = 100
NEXT_SHOWN: Final = 50
ACCOUNTS_SHOWN: Final = 50
ReadPage = Callable[[HttpRequest, Campaign], dict[str, Any]]
FOUND_SHOWN: Final = 20


def urls(admin: LadModelAdmin) -> list[URLPattern]:
    """Return the addresses of the pages, for the admin of campaigns."""

    def page(name: str, template: str, read: ReadPage, *, part: str = "") -> URLPattern:
        def view(request: HttpRequest, object_id: UUID) -> HttpResponse:
            campaign = admin.get_row_or_404(request, str(object_id))
            only_part = bool(part) and "part" in request.GET
            context = {
                **({} if only_part else admin.admin_site.each_context(request)),
                "opts": admin.opts,
                "original": campaign,
                "links": links(campaign),
                "back": admin.change_url(campaign),
                "now": timezone.now(),
                **read(request, campaign),
            }
            request.current_app = admin.admin_site.name
            return TemplateResponse(request, part if only_part else template, context)

        address = f"<uuid:object_id>/{name.replace('_', '-')}/"
        return path(address, admin.admin_site.admin_view(view), name=f"campaigns_campaign_{name}")

    def export(request: HttpRequest, object_id: UUID) -> HttpResponseBase:
        campaign = admin.get_row_or_404(request, str(object_id))
        rows = activities(campaign, {})
        again = begin_export(request, kind=KIND, row_count=rows.count())
        return again or activities_csv(rows, access_of(request), name=campaign.name)

    def export_table(request: HttpRequest, object_id: UUID) -> HttpResponseBase:
        campaign = admin.get_row_or_404(request, str(object_id))
        table = request.GET.get("table", "")
        if table not in TABLES:
            raise Http404
        again = begin_export(request, kind=TABLES_KIND)
        return again or report_csv(campaign, report(campaign, _period(request)[0]), table)

    return [
        path(
            "<uuid:object_id>/activities.csv",
            admin.admin_site.admin_view(export),
            name="campaigns_campaign_export_activities",
        ),
        path(
            "<uuid:object_id>/analytics.csv",
            admin.admin_site.admin_view(export_table),
            name="campaigns_campaign_export_analytics",
        ),
        page("analytics", "campaigns/admin/analytics.html", _analytics, part="campaigns/admin/analytics_body.html"),
        page("queue", "campaigns/admin/queue.html", _queue),
        page("why_not", "campaigns/admin/why_not.html", _why_not),
    ]


def _analytics(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return the analytics of the chosen days."""
    period, wrong = _period(request)
    found = report(campaign, period)
    return {
        "title": f"Analytics of {campaign}",
        "report": found,
        "chart": chart(found.days, opens=found.funnel.tracking.opens),
        "steps": [shown_step(step) for step in found.funnel.steps],
        "splits": [step for step in found.funnel.steps if step.variants],
        "asked": {name: request.GET.get(name, "") for name in ("since", "until")},
        "query": urlencode({name: day.isoformat() for name, day in _days_of(period) if day}),
        "wrong": wrong,
        "may_export": may_export(request),
        "export": reverse("admin:campaigns_campaign_export_analytics", args=(campaign.pk,)),
    }


def _days_of(period: Period) -> list[tuple[str, date | None]]:
    return [("since", period.since), ("until", period.until)]


def _period(request: HttpRequest) -> tuple[Period, str]:
    """Return the days that the page is asked about, and what is wrong with them in words."""
    asked = PeriodQuerySerializer(
        data={name: request.GET[name] for name in ("since", "until") if request.GET.get(name)}
    )
    if asked.is_valid():
        return period_of(asked.validated_data), ""
    return EVERYTHING, "These days cannot be read. Choose a first and a later last day; all days are shown."


def _queue(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what waits, those of one reason by name, and what is next."""
    waiting = queue(campaign)
    reason = request.GET.get("reason", "")
    chosen = next((group for group in waiting.groups if group.reason == reason), None)
    rows = waiting_for(campaign, reason, limit=SHOWN) if chosen else []
    return {
        "title": f"What waits in {campaign}",
        "queue": waiting,
        "chosen": chosen,
        "rows": [(row, _why(row)) for row in rows],
        "hidden": chosen.number - len(rows) if chosen else 0,
        "next_sends": next_sends(campaign, limit=NEXT_SHOWN),
    }


def _why(enrolment: CampaignLead) -> str:
    return reason_in_words(enrolment.reason, str(enrolment)) if enrolment.reason else ""


def _why_not(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return the checks for what the query names, and what else can be asked about."""
    steps = list(campaign.steps.order_by("order"))
    accounts = _accounts(campaign)
    term = request.GET.get("q", "").strip()
    return {
        "title": f"Why not sent? {campaign}",
        "answer": _answer(request, campaign, steps, accounts),
        "steps": steps,
        "accounts": accounts,
        "term": term,
        "found": _enrolled(campaign, term) if term else (),
        "asked": request.GET.dict(),
    }


def _accounts(campaign: Campaign) -> list[Account]:
    """Return the accounts on the channels of the campaign's steps."""
    channels = sorted(channels_of(campaign))
    return [each for channel in channels for each in tenant_accounts(campaign.tenant_id, channel)[:ACCOUNTS_SHOWN]]


def _answer(
    request: HttpRequest, campaign: Campaign, steps: list[CampaignStep], accounts: list[Account]
) -> why_not.WhyNot | None:
    step = next((each for each in steps if str(each.pk) == request.GET.get("step")), None)
    if step is not None:
        return why_not.about_step(campaign, step)
    account = next((each for each in accounts if str(each.pk) == request.GET.get("account")), None)
    if account is not None:
        return why_not.about_account(campaign, account)
    lead_id = uuid_or_none(request.GET.get("lead", ""))
    lead = Lead.objects.filter(tenant=campaign.tenant_id, pk=lead_id).first() if lead_id else None
    return why_not.about_lead(campaign, lead) if lead is not None else None


def _enrolled(campaign: Campaign, term: str) -> list[CampaignLead]:
    """Return enrolments of the campaign whose lead the term finds."""
    rows = CampaignLead.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk)
    return list(of_found_leads(rows, term).order_by("-created_at")[:FOUND_SHOWN])
