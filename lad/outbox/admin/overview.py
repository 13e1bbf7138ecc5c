"""The outbox page: how far behind each consumer is, and dead letters to retry or discard."""

from datetime import timedelta

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from lad.admin.bulk import CONFIRMED
from lad.admin.navigation import SidebarPage, add_page, platform_only
from lad.admin.site import add_view
from lad.outbox import monitoring
from lad.outbox.replay import discard_dead, retry_dead


def outbox(request: HttpRequest) -> HttpResponse:
    """Show the outbox, or retry or discard a group of dead letters."""
    if not platform_only(request):
        raise PermissionDenied
    if request.method == "POST":
        return _act(request) or HttpResponseRedirect(reverse("admin:outbox"))
    context = {
        **admin.site.each_context(request),
        "title": "Outbox",
        "overview": monitoring.overview(),
        "statuses": [(status, human_lag(status.lag)) for status in monitoring.consumer_statuses()],
        "groups": monitoring.dead_groups(),
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "outbox/overview.html", context)


def _act(request: HttpRequest) -> HttpResponse | None:
    """Retry or discard the group as it is now: it may have grown or disappeared since the page was loaded.

    Return the page that asks before a group is discarded.
    """
    wanted = (request.POST.get("consumer"), request.POST.get("error"))
    group = next((g for g in monitoring.dead_groups() if (g.consumer, g.error) == wanted), None)
    if group is None:
        messages.info(request, "These dead letters were already handled.")
    elif "discard" in request.POST and CONFIRMED not in request.POST:
        context = {**admin.site.each_context(request), "title": "Discard dead letters", "group": group}
        return TemplateResponse(request, "outbox/discard.html", {**context, "confirmed": CONFIRMED})
    elif "discard" in request.POST:
        messages.success(request, f"{discard_dead(group.delivery_ids)} dead letters were discarded.")
    else:
        messages.success(request, f"{retry_dead(group.delivery_ids)} dead letters will be retried.")
    return None


add_view("outbox/", outbox, "outbox")
add_page(SidebarPage("Outbox", "admin:outbox", "Events", "outbox", 1, platform_only))


def human_lag(lag: timedelta | None) -> str:
    """Return an age in its largest unit."""
    if lag is None:
        return "up to date"
    seconds = int(lag.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
