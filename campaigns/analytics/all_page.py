"""The page of all campaigns of a tenant, and the tickets with which pages of figures listen for changes."""

from typing import Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from campaigns.analytics.stats import stats
from campaigns.analytics.tables import KIND, stats_csv
from campaigns.design.models import Campaign
from campaigns.figures.changes import CHANNEL
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.streams.app import PREFIX
from lad.streams.tickets import Ticket, issue_ticket
from lad.tenancy.access import access_of
from tenants.activity.exports import begin_export, may_export
from tenants.teams.models import Tenant

NAME: Final = "campaign_analytics"
ONE_TENANT_ONLY: Final = "Choose a tenant first: each has its own campaigns."


def all_campaigns(request: HttpRequest) -> HttpResponseBase:
    """Show all campaigns side by side. With ``part`` only the figures, which the page fetches when they changed."""
    if not may_see(request):
        raise PermissionDenied
    tenant_id = access_of(request).tenant_id
    if tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:index"))
    found = stats(Tenant.objects.get(pk=tenant_id))
    if "csv" in request.GET:
        return begin_export(request, kind=KIND, row_count=found.total) or stats_csv(found)
    context = {"stats": found, "may_export": may_export(request)}
    if "part" in request.GET:
        return TemplateResponse(request, "campaigns/admin/all_analytics_body.html", context)
    page = {**admin.site.each_context(request), **context, "title": "Campaign analytics"}
    return TemplateResponse(request, "campaigns/admin/all_analytics.html", page)


def ticket(request: HttpRequest) -> JsonResponse:
    """Return the address of a stream that tells the page when figures changed; null where no tenant is chosen."""
    access = access_of(request)
    if not may_see(request):
        raise PermissionDenied
    if access.tenant_id is None:
        return JsonResponse({"url": None})
    issued, _expires_at = issue_ticket(Ticket(access.tenant_id, access.user.pk, CHANNEL.key))
    return JsonResponse({"url": f"{PREFIX}{CHANNEL.key}/?ticket={issued}"})


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may see campaigns."""
    return can_view(request, Campaign)


add_view("campaign-analytics/", all_campaigns, NAME)
add_view("campaign-analytics/ticket/", ticket, f"{NAME}_ticket")
add_page(SidebarPage("Analytics", f"admin:{NAME}", "Campaigns", "monitoring", 12, may_see))
