"""The page with the board of calls, and the tickets with which pages listen for changes."""

from typing import Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.streams.app import PREFIX
from lad.streams.tickets import Ticket, issue_ticket
from lad.tenancy.access import access_of
from voice.calls.models import CallLog
from voice.changes import CHANNEL
from voice.live.board import board

NAME: Final = "live_calls"
ONE_TENANT_ONLY: Final = "Choose a tenant first: each has its own calls."


def live_calls(request: HttpRequest) -> HttpResponse:
    """Show the board. With ``part`` only the board itself, which the page fetches when something changed."""
    if not may_see(request):
        raise PermissionDenied
    tenant_id = access_of(request).tenant_id
    if tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:index"))
    context = {"board": board(tenant_id, now=timezone.now())}
    if "part" in request.GET:
        return TemplateResponse(request, "voice/live/board.html", context)
    page = {**admin.site.each_context(request), **context, "title": "Live calls", "is_fullwidth": "1"}
    return TemplateResponse(request, "voice/live/page.html", page)


def live_ticket(request: HttpRequest) -> JsonResponse:
    """Return the address of a stream that tells the page when calls changed; null where no tenant is chosen."""
    access = access_of(request)
    if not may_see(request):
        raise PermissionDenied
    if access.tenant_id is None:
        return JsonResponse({"url": None})
    ticket, _expires_at = issue_ticket(Ticket(access.tenant_id, access.user.pk, CHANNEL.key))
    return JsonResponse({"url": f"{PREFIX}{CHANNEL.key}/?ticket={ticket}"})


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may see calls."""
    return can_view(request, CallLog)


add_view("live-calls/", live_calls, NAME)
add_view("live-calls/ticket/", live_ticket, f"{NAME}_ticket")
add_page(SidebarPage("Live calls", f"admin:{NAME}", "Voice", "phone_in_talk", 1, may_see))
