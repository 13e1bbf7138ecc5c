"""The page on which staff see their own sessions and second factors."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from lad.admin.navigation import ACCOUNT_MENU, SidebarPage, add_page
from lad.admin.site import add_view
from lad.admin.widgets import apply_widgets, zone_choices
from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError
from lad.tenancy.access import access_of
from tenants.accounts.services import sessions, sign_up, user_sessions
from tenants.two_factor import passkeys, services


class TimeZoneForm(forms.Form):
    """Asks for the zone that the person reads times in."""

    timezone = forms.ChoiceField(
        required=False, label="Time zone", help_text="Times are entered and shown in this zone."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"].choices = zone_choices("That of the tenant")  # type: ignore[attr-defined]


class BookingLinkForm(forms.Form):
    """Asks for the page on which leads book a time with the person."""

    booking_url = forms.CharField(
        required=False,
        max_length=500,
        label="Booking link",
        help_text="Where leads book a time with you. Messages show it as {{ booking_url }}.",
    )


def account(request: HttpRequest) -> HttpResponse:
    """Show the caller's sessions, second factors, time zone and booking link; change these, end sessions."""
    access, now = access_of(request), timezone.now()
    current = access.details.get("session_id")
    if request.method == "POST":
        try:
            messages.success(request, _change(request, current))
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
        "zone_form": apply_widgets(TimeZoneForm(initial={"timezone": access.user.timezone})),
        "booking_form": apply_widgets(BookingLinkForm(initial={"booking_url": access.user.booking_url})),
        "passkeys_possible": passkeys.are_possible(request),
    }
    return TemplateResponse(request, "tenants/accounts/account.html", context)


def _change(request: HttpRequest, current: object) -> str:
    if "booking_url" in request.POST:
        changes = {"booking_url": request.POST["booking_url"].strip()}
        sign_up.update_profile(user=access_of(request).user, changes=changes)
        return "Your booking link was saved."
    if "timezone" not in request.POST:
        return _end(request, current)
    user = sign_up.update_profile(user=access_of(request).user, changes={"timezone": request.POST["timezone"]})
    return f"Times are now shown in {user.timezone.replace('_', ' ') or 'the zone of the tenant'}."


def _end(request: HttpRequest, current: object) -> str:
    user, now = access_of(request).user, timezone.now()
    session_id = uuid_or_none(request.POST.get("session"))
    if session_id is None:
        sessions.revoke_others(user=user, keep=uuid_or_none(str(current)), now=now)
        return "All your other sessions were ended."
    user_sessions.end_own(user=user, session_id=session_id, now=now)
    return "The session was ended."


add_view("account/", account, "account")
add_page(SidebarPage("My account", "admin:account", ACCOUNT_MENU, "account_circle", 90, lambda request: True))
