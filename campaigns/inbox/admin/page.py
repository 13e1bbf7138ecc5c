"""The inbox: one page with the list, the conversation and the lead, for the people who answer."""

from typing import Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.inbox import selectors
from campaigns.inbox.admin.actions import perform
from campaigns.inbox.admin.list_pane import CHANNELS, TONES, Choice, counted, list_pane
from campaigns.inbox.admin.thread_pane import MAX_MESSAGES_SHOWN, MESSAGES_SHOWN, thread_pane
from campaigns.inbox.changes import CHANNEL
from campaigns.inbox.models import Conversation, Label
from campaigns.inbox.services.ways import channel_name
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError, Invalid, NotFound
from lad.streams.app import PREFIX
from lad.streams.tickets import Ticket, issue_ticket
from lad.tenancy.access import access_of

NAME: Final = "inbox"
ONE_TENANT_ONLY: Final = "Choose a tenant first: each has its own inbox."
UPDATE: Final = "inbox.update"


def inbox(request: HttpRequest) -> HttpResponse:
    """Show the inbox. With ``part`` only that pane, which the page fetches. A sent form does something."""
    if not may_see(request):
        raise PermissionDenied
    access = access_of(request)
    if access.tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:index"))
    if request.method == "POST":
        return _act(request)
    part, now = request.GET.get("part", ""), timezone.now()
    context = {
        "now": now,
        "may_update": access.allows(UPDATE),
        "may_make_leads": access.allows("leads.create"),
        "labels": [(each.value, each.label, TONES[each]) for each in Label],
        "channels": [(each.value, channel_name(each)) for each in CHANNELS],
        "me": access.user,
    }
    if part != "thread":
        context["list"] = list_pane(access, Choice.of(request.GET.dict()), now)
    if part != "list":
        context["thread"] = _thread(request)
    if part in ("list", "thread"):
        return TemplateResponse(request, f"campaigns/inbox/{part}.html", context)
    page = {**admin.site.each_context(request), **context, "title": "Inbox", "is_fullwidth": "1"}
    return TemplateResponse(request, "campaigns/inbox/page.html", page)


def inbox_ticket(request: HttpRequest) -> JsonResponse:
    """Return the address of a stream that tells the page when conversations changed; null without a tenant."""
    if not may_see(request):
        raise PermissionDenied
    access = access_of(request)
    if access.tenant_id is None:
        return JsonResponse({"url": None})
    ticket, _expires_at = issue_ticket(Ticket(access.tenant_id, access.user.pk, CHANNEL.key))
    return JsonResponse({"url": f"{PREFIX}{CHANNEL.key}/?ticket={ticket}"})


def inbox_unread(request: HttpRequest) -> JsonResponse:
    """Return how many unread conversations the caller has, for the sidebar."""
    if not may_see(request):
        raise PermissionDenied
    access = access_of(request)
    count = selectors.unread_count(access) if access.tenant_id is not None else 0
    return JsonResponse({"count": count, "shown": counted(count)})


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may see conversations."""
    return can_view(request, Conversation)


def _thread(request: HttpRequest) -> object | None:
    """Return the pane of the conversation that the address names, None for none that the caller sees."""
    key = uuid_or_none(request.GET.get("c", ""))
    if key is None:
        return None
    seen = selectors.visible(access_of(request)).select_related("lead__assigned_user", "assigned_to", "campaign")
    row = seen.filter(pk=key).first()
    asked = request.GET.get("messages", "")
    shown = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else MESSAGES_SHOWN
    return thread_pane(row, timezone.now(), shown=max(1, min(shown, MAX_MESSAGES_SHOWN))) if row is not None else None


def _act(request: HttpRequest) -> HttpResponse:
    """Do what a form asks for. A script gets what came of it, a browser without one the page again."""
    by_script = request.headers.get("Accept", "").startswith("application/json")
    told, problems = "", []
    try:
        with transaction.atomic():
            told = perform(access_of(request), request.POST)
    except NotFound:
        problems = ["This conversation is not there any more, or it is somebody else's now."]
    except Invalid as error:
        problems = [text for texts in error.errors.values() for text in texts] or [error.detail]
    except DomainError as error:
        problems = [error.detail]
    if by_script:
        return JsonResponse({"told": told, "problem": " ".join(problems)}, status=409 if problems else 200)
    for each in problems:
        messages.error(request, each)
    if told:
        messages.success(request, told)
    return HttpResponseRedirect(f"{reverse('admin:inbox')}?{request.GET.urlencode()}")


add_view("inbox/", inbox, NAME)
add_view("inbox/ticket/", inbox_ticket, f"{NAME}_ticket")
add_view("inbox/unread/", inbox_unread, f"{NAME}_unread")
add_page(SidebarPage("Inbox", "admin:inbox", "Campaigns", "inbox", 1, may_see, badge="admin:inbox_unread"))
