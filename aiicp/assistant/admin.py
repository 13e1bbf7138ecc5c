"""The page to talk to the assistant: the conversation, and beside it what is known, each with its reason."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from aiicp.assistant import parts, services, turns
from aiicp.assistant.answers import facts, where_now
from aiicp.assistant.dialogue import READY_TO_ACT
from aiicp.assistant.memory import Memory
from aiicp.assistant.texts import text
from aiicp.conversations.models import Conversation, ConversationStatus, Message
from aiicp.conversations.services import MAX_MESSAGE_LENGTH
from aiicp.features import ICP_ASSISTANT
from aiicp.profiles import search_page
from aiicp.profiles.models import IcpProfile
from aiicp.profiles.services import save_from_conversation, use
from aiicp.scoring import services as scoring
from lad import writes
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.site import add_view
from lad.api.permissions import has_feature
from lad.errors import DomainError, Invalid
from lad.tenancy.access import access_of
from lad.tenancy.middleware import outside_scope
from leads.companies.finding.admin.page import may_see as may_find

# Older messages are read on the conversation's own page.
MAX_MESSAGES_SHOWN: Final = 200
# Own conversations that the page of a new one leads to.
MAX_RECENT: Final = 5
EXAMPLES: Final = (
    "We sell to private clinics in Dubai",
    "Heads of sales at software companies in Germany, 50 to 500 employees",
    "Online shops in France that use Shopify, but no agencies",
)
SAVE_FIRST: Final = "Save the profile first."
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
            row = services.search_started(conversation=row, actor=actor)
            if (saved := _profile_of(row)) is not None and saved.is_active:
                use(profile=saved, actor=actor)
            return HttpResponseRedirect(search_page.find_url(row.search_params))
        case "save":
            name = request.POST.get("name", "").strip() or str(row)
            profile = save_from_conversation(conversation=row, name=name, actor=actor)
            messages.success(request, f"The profile “{profile}” was saved. Everybody in your company can use it.")
        case "score":
            _score(request, row)
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


def _score(request: HttpRequest, row: Conversation) -> None:
    """Let the list of leads show how well each fits the profile that was saved from the conversation."""
    profile = _profile_of(row)
    if profile is None:
        messages.warning(request, SAVE_FIRST)
        return
    scoring.choose(profile=profile, access=access_of(request))
    leads = format_html('<a class="lad-link" href="{}">{}</a>', reverse("admin:leads_lead_changelist"), "list of leads")
    messages.success(request, format_html("All leads are being scored. The {} shows the score of each.", leads))


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
        "profiles_url": reverse("admin:aiicp_icpprofile_changelist"),
        "examples": EXAMPLES,
        "recent": _recent(request) if row is None else (),
        "is_fullwidth": "1",
        **(_known(request, row) if row else {}),
    }
    part = request.GET.get("part") == "body"
    return TemplateResponse(request, f"aiicp/assistant/{'body' if part else 'talk'}.html", context)


def _known(request: HttpRequest, row: Conversation) -> dict[str, Any]:
    """Return the messages, and what is known with its reasons."""
    # Filter by tenant too: the index starts with it.
    rows = Message.objects.filter(tenant=row.tenant_id, conversation=row).order_by("-created_at", "-pk")
    shown = list(rows[:MAX_MESSAGES_SHOWN])[::-1]
    where = where_now(row)
    last = shown[-1] if shown else None
    ready = where.progress == READY_TO_ACT
    profile = _profile_of(row)
    may_score = profile is not None and profile.is_shared and not profile.scores_leads
    offers = last.message_data.get("suggestions", []) if last is not None and last.role == "assistant" else []
    return {
        "said": shown,
        "cut": len(shown) == MAX_MESSAGES_SHOWN,
        "facts": facts(Memory.of(row)),
        "where": where,
        "percent": round(where.completeness * 100),
        "suggestions": offers,
        "proposed": _proposed(last),
        "ready": ready,
        "searches": bool(row.search_params),
        "may_find": may_find(request),
        "profile": profile,
        "profile_url": reverse("admin:aiicp_icpprofile_change", args=(profile.pk,)) if profile else "",
        "may_score": may_score and access_of(request).allows("assistant.update"),
        "change_url": reverse("admin:aiicp_conversation_change", args=(row.pk,)),
    }


def _profile_of(row: Conversation) -> IcpProfile | None:
    """Return the newest profile that was saved from a conversation and says what the conversation says now."""
    saved = IcpProfile.objects.filter(tenant=row.tenant_id, source_conversation=row).order_by("-created_at").first()
    return saved if saved is not None and saved.icp_data == row.icp_data else None


def _recent(request: HttpRequest) -> list[Conversation]:
    """Return the caller's own conversations that go on, the newest first."""
    access = access_of(request)
    if access.tenant_id is None:
        return []
    rows = Conversation.objects.filter(tenant=access.tenant_id, user=access.user, status=ConversationStatus.ACTIVE)
    return list(rows.order_by("-created_at")[:MAX_RECENT])


def _may_begin(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("assistant.create") and has_feature(access, ICP_ASSISTANT)


def _proposed(last: Message | None) -> list[str]:
    """Return what the last answer proposed, in words."""
    proposals = last.message_data.get("proposed", []) if last is not None else []
    return [text("en", f"action.{each['action']}") for each in proposals]


def _address(row: Conversation | None) -> str:
    return reverse("admin:assistant_talk", args=(row.pk,)) if row else reverse("admin:assistant_start")


def _words(error: DomainError) -> str:
    if isinstance(error, Invalid) and error.extra.get("errors"):
        return " ".join(each for texts in error.extra["errors"].values() for each in texts)
    return error.detail


add_page(SidebarPage("Assistant", "admin:assistant_start", "Assistant", "auto_awesome", 5, _may_begin))
add_view("assistant/", talk, "assistant_start")
add_view("assistant/<uuid:pk>/", talk, "assistant_talk")
