"""The page on which staff see their own sessions and second factors."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from lad.admin.navigation import BESIDE_DASHBOARD, SidebarPage, add_page
from lad.admin.site import add_view
from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError
from lad.tenancy.access import access_of
from tenants.accounts.services import sessions, user_sessions
from tenants.two_factor import passkeys, services


def account(request: HttpRequest) -> HttpResponse:
    """Show the caller's sessions and second factors, or end one of the sessions or all others."""
    access, now = access_of(request), timezone.now()
    current = access.details.get("session_id")
    if request.method == "POST":
        try:
            messages.success(request, _end(request, current))
        except DomainError as error:
            messages.error(request, error.detail)
        return HttpResponseRedirect(reverse("admin:account"))
    context = {
        **admin.site.each_context(request),
        "title": "My account",
        "sessions": user_sessions.own_sessions(access.user, now=now),
        "current": current,
        "factors": services.factors_of(access.user),
        "recovery_codes": services.unused_recovery_codes(access.user),
        "passkeys_possible": passkeys.are_possible(request),
    }
    return TemplateResponse(request, "tenants/accounts/account.html", context)


def _end(request: HttpRequest, current: object) -> str:
    user, now = access_of(request).user, timezone.now()
    session_id = uuid_or_none(request.POST.get("session"))
    if session_id is None:
        sessions.revoke_others(user=user, keep=uuid_or_none(str(current)), now=now)
        return "All your other sessions were ended."
    user_sessions.end_own(user=user, session_id=session_id, now=now)
    return "The session was ended."


add_view("account/", account, "account")
add_page(SidebarPage("My account", "admin:account", BESIDE_DASHBOARD, "account_circle", 90, lambda request: True))
