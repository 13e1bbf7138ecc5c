"""The outbox page: how far behind each consumer is, what died and of what, and what to do about it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from lad.admin.navigation import Page, add_page, platform_only
from lad.admin.site import add_view
from lad.outbox import monitoring
from lad.outbox.replay import discard_dead, retry_dead


def outbox(request: HttpRequest) -> HttpResponse:
    """Show the outbox, or retry or discard a group of dead letters."""
    if not platform_only(request):
        raise PermissionDenied
    if request.method == "POST":
        _act(request)
        return HttpResponseRedirect(reverse("admin:outbox"))
    context = {
        **admin.site.each_context(request),
        "title": "Outbox",
        "overview": monitoring.overview(),
        "statuses": [(status, human_lag(status.lag)) for status in monitoring.consumer_statuses()],
        "groups": monitoring.dead_groups(),
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "tenants/admin/outbox.html", context)


def _act(request: HttpRequest) -> None:
    """Act on the group as it is now, found again by what makes it one: it may have grown or gone."""
    wanted = (request.POST.get("consumer"), request.POST.get("error"))
    group = next((g for g in monitoring.dead_groups() if (g.consumer, g.error) == wanted), None)
    if group is None:
        messages.info(request, "These dead letters are gone already.")
    elif "discard" in request.POST:
        messages.success(request, f"{discard_dead(group.delivery_ids)} dead letters are discarded.")
    else:
        messages.success(request, f"{retry_dead(group.delivery_ids)} dead letters get a fresh set of attempts.")


add_view("outbox/", outbox, "outbox")
add_page(Page("Outbox", "admin:outbox", "Events", "outbox", 1, platform_only))


def human_lag(lag: Any) -> str:
    """An age in a word or two."""
    if lag is None:
        return "up to date"
    seconds = int(lag.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
