"""The page to talk to the assistant: the conversation, and beside it what is known, each with its reason."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from aiicp.assistant import parts, services, turns
from aiicp.assistant.answers import facts, where_now
from aiicp.assistant.dialogue import READY_TO_ACT
from aiicp.assistant.memory import Memory
from aiicp.assistant.texts import text
from aiicp.conversations.models import Conversation, ConversationStatus, Message
from aiicp.conversations.services import MAX_MESSAGE_LENGTH
from aiicp.profiles.services import save_from_conversation
from lad import writes
from lad.admin.site import add_view
from lad.errors import DomainError, Invalid
from lad.tenancy.access import access_of
from lad.tenancy.middleware import outside_scope

# Older messages are read on the conversation's own page.
MAX_MESSAGES_SHOWN: Final = 200
# The page where people are found, once there is one.
PROSPECTING: Final = "admin:find_people"
# That page's filters of texts, by Apollo's parameters.
FILTERS: Final = {
    "person_titles": "titles",
    "organization_locations": "company_locations",
    "organization_industries": "industries",
    "q_organization_domains_list": "domains",
}
# That page's sizes of companies.
ENDS: Final = (0, 10, 50, 200, 500, 1_000, 5_000, 10_000, 1_000_000)
ONE_TENANT: Final = "Choose a tenant first: a conversation belongs to one."


def talk(request: HttpRequest, pk: UUID | None = None) -> HttpResponseBase:
    """Show a conversation, or an empty one that begins with its first message. A POST says something or acts."""
    pages: Any = admin.site._registry[Conversation]
    row: Conversation | None = pages.get_row_or_404(request, str(pk)) if pk else None
    if row is None and not pages.has_add_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, row)
    if not pages.has_change_permission(request, row):
        raise PermissionDenied
    try:
        return _posted(request, row)
    except DomainError as error:
        if parts.wants_events(request.headers.get("Accept", "")):
            return HttpResponse(error.detail, status=error.status, content_type="text/plain; charset=utf-8")
        messages.error(request, _words(error))
        return HttpResponseRedirect(_address(row))


def _posted(request: HttpRequest, row: Conversation | None) -> HttpResponseBase:
    actor = access_of(request).user
    if row is None:
        if access_of(request).tenant_id is None:
            messages.warning(request, ONE_TENANT)
            return HttpResponseRedirect(_address(None))
        row = writes.create(Conversation, {}, actor=actor)
    match request.POST.get("action", "say"):
        case "undo":
            services.undo(conversation=row, slot=request.POST.get("slot", ""), actor=actor)
        case "confirm":
            services.confirm(conversation=row, actor=actor)
        case "resume":
            services.resume(conversation=row, actor=actor)
        case "find":
            services.search_started(conversation=row, actor=actor)
            return HttpResponseRedirect(_find_url(row) or _address(row))
        case "save":
            name = request.POST.get("name", "").strip() or str(row)
            profile = save_from_conversation(conversation=row, name=name, actor=actor)
            messages.success(request, f"The profile “{profile}” was saved.")
        case _:
            return _said(request, row)
    return HttpResponseRedirect(_address(row))


def _said(request: HttpRequest, row: Conversation) -> HttpResponseBase:
    """Answer a message: in pieces where the browser reads along, otherwise by showing the page again."""
    turn = turns.begin(conversation=row, content=request.POST.get("content", ""), actor=access_of(request).user)
    if parts.wants_events(request.headers.get("Accept", "")):
        response = parts.streamed(turn)
        response["Content-Location"] = _address(row)
        return response
    if turn.answer is None:
        with outside_scope(request):
            services.complete(turn)
    return HttpResponseRedirect(_address(row))


def _page(request: HttpRequest, row: Conversation | None) -> HttpResponse:
    pages: Any = admin.site._registry[Conversation]
    may_talk = pages.has_change_permission(request, row) and (row is None or row.status == ConversationStatus.ACTIVE)
    context = {
        **admin.site.each_context(request),
        "title": str(row) if row else "A new conversation",
        "opts": Conversation._meta,
        "conversation": row,
        "may_talk": may_talk,
        "may_resume": row is not None and not may_talk and pages.has_change_permission(request, row),
        "max_length": MAX_MESSAGE_LENGTH,
        "new_url": reverse("admin:assistant_start"),
        "list_url": reverse("admin:aiicp_conversation_changelist"),
        "is_fullwidth": "1",
        **(_known(row) if row else {}),
    }
    part = request.GET.get("part") == "body"
    return TemplateResponse(request, f"aiicp/assistant/{'body' if part else 'talk'}.html", context)


def _known(row: Conversation) -> dict[str, Any]:
    """Return the messages, and what is known with its reasons."""
    # Filter by tenant too: the index starts with it.
    rows = Message.objects.filter(tenant=row.tenant_id, conversation=row).order_by("-created_at", "-pk")
    shown = list(rows[:MAX_MESSAGES_SHOWN])[::-1]
    where = where_now(row)
    last = shown[-1] if shown else None
    offers = last.message_data.get("suggestions", []) if last is not None and last.role == "assistant" else []
    return {
        "said": shown,
        "cut": len(shown) == MAX_MESSAGES_SHOWN,
        "facts": facts(Memory.of(row)),
        "where": where,
        "percent": round(where.completeness * 100),
        "suggestions": offers,
        "proposed": _proposed(last),
        "ready": where.progress == READY_TO_ACT,
        "find_url": _find_url(row) if where.progress == READY_TO_ACT else "",
        "change_url": reverse("admin:aiicp_conversation_change", args=(row.pk,)),
    }


def _proposed(last: Message | None) -> list[str]:
    """Return what the last answer proposed, in words."""
    proposals = last.message_data.get("proposed", []) if last is not None else []
    return [text("en", f"action.{each['action']}") for each in proposals]


def _find_url(row: Conversation) -> str:
    """Return the address of the page that finds these people, or an empty text where there is none."""
    try:
        address = reverse(PROSPECTING)
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(filters(row.search_params or {}))}"


def filters(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a search as the filters of the page that finds people. It asks nobody before they are sent."""
    found = []
    for name, field in FILTERS.items():
        # A comma separates words there: of "Dubai, United Arab Emirates" the city is meant.
        words = dict.fromkeys(each.partition(",")[0] for each in params.get(name, ()))
        if words:
            found.append((field, ", ".join(words)))
    found += [("seniorities", each) for each in params.get("person_seniorities", ())]
    for each in params.get("organization_num_employees_ranges", ()):
        least, most = map(int, each.split(","))
        sizes = [(low + 1, high) for low, high in pairwise(ENDS)]
        found += [("sizes", f"{start},{end}") for start, end in sizes if start <= most and least <= end]
    return found


def _address(row: Conversation | None) -> str:
    return reverse("admin:assistant_talk", args=(row.pk,)) if row else reverse("admin:assistant_start")


def _words(error: DomainError) -> str:
    if isinstance(error, Invalid) and error.extra.get("errors"):
        return " ".join(each for texts in error.extra["errors"].values() for each in texts)
    return error.detail


add_view("assistant/", talk, "assistant_start")
add_view("assistant/<uuid:pk>/", talk, "assistant_talk")
