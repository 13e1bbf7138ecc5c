"""The pages on which people set up and enter their second factor, and confirm that they are still there."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from lad.admin.site import add_public_view, add_view
from lad.admin.step_up import step_up
from lad.admin.widgets import apply_widgets
from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError, Invalid
from lad.tenancy.access import access_of
from tenants.accounts.services import credentials, user_sessions
from tenants.two_factor import passkeys, services
from tenants.two_factor.errors import PasskeyRefused, SecondFactorNotSetUp, SecondFactorRequired

# Where the session keeps the challenge that the browser is to sign.
CHALLENGE = "passkey_challenge"


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=50,
        label="Code",
        help_text="The six digits of your authenticator app, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        max_length=256,
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class PasskeyForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name", help_text="For example: key ring, laptop.")


@csrf_protect
def enter(request: HttpRequest) -> HttpResponse:
    """Ask somebody who has entered their password for their second factor."""
    access = access_of(request)
    if not isinstance(access.error, SecondFactorRequired):
        return HttpResponseRedirect(_next(request))
    form = _form(request, CodeForm)
    if request.method == "POST" and _proved(request, form):
        user_sessions.confirm(access.details["session_id"], second_factor=True, now=timezone.now())
        return HttpResponseRedirect(_next(request))
    return _page(request, "tenants/two_factor/enter.html", "Second factor", form)


@csrf_protect
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out somebody who cannot give their second factor."""
    logout(request)
    return HttpResponseRedirect(reverse("admin:login"))


@csrf_protect
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app, and show the recovery codes that come with it."""
    access = access_of(request)
    if not access.signed_in and not isinstance(access.error, SecondFactorNotSetUp):
        return HttpResponseRedirect(reverse("admin:login"))
    if access.signed_in and (again := step_up(request)):
        return again
    form = _form(request, CodeForm)
    try:
        app = services.begin_app(user=access.user)
        if request.method == "POST" and form.is_valid():
            now = timezone.now()
            codes = services.confirm_app(user=access.user, code=form.cleaned_data["code"], now=now)
            user_sessions.confirm(access.details["session_id"], second_factor=True, now=now)
            return _page(request, "tenants/two_factor/codes.html", "Recovery codes", codes=codes)
    except Invalid as error:
        form.add_error("code", list(error.errors["code"]))
    except DomainError as error:
        messages.error(request, error.detail)
        return HttpResponseRedirect(reverse("admin:account"))
    title = "Set up an authenticator app"
    return _page(request, "tenants/two_factor/set_up.html", title, form, app=app, qr_code=services.qr_code(app))


def add_passkey(request: HttpRequest) -> HttpResponse:
    """Register a passkey of this browser or of a security key."""
    user, form = access_of(request).user, _form(request, PasskeyForm)
    if not passkeys.are_possible(request):
        raise PermissionDenied
    if again := step_up(request):
        return again
    if request.method == "POST" and form.is_valid():
        try:
            codes = passkeys.register(
                user=user,
                request=request,
                state=request.session.pop(CHALLENGE, {}),
                answer=_answer(request),
                name=form.cleaned_data["name"],
                now=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.detail)
        else:
            user_sessions.confirm(access_of(request).details["session_id"], second_factor=True, now=timezone.now())
            if codes:
                return _page(request, "tenants/two_factor/codes.html", "Recovery codes", codes=codes)
            return HttpResponseRedirect(reverse("admin:account"))
    options, request.session[CHALLENGE] = passkeys.begin_registration(user=user, request=request)
    return _page(request, "tenants/two_factor/passkey.html", "Add a passkey", form, options=options)


def change(request: HttpRequest) -> HttpResponse:
    """Remove a second factor, or make new recovery codes."""
    if again := step_up(request, back=reverse("admin:account")):
        return again
    user = access_of(request).user
    factor_id = uuid_or_none(request.POST.get("factor"))
    if request.method == "POST" and factor_id is not None:
        messages.success(request, f"{services.remove(user=user, factor_id=factor_id)} was removed.")
    elif request.method == "POST" and services.has_second_factor(user):
        codes = services.renew_recovery_codes(user=user)
        return _page(request, "tenants/two_factor/codes.html", "Recovery codes", codes=codes)
    return HttpResponseRedirect(reverse("admin:account"))


def confirm(request: HttpRequest) -> HttpResponse:
    """Ask somebody who is signed in for their code, or for their password if they have no second factor."""
    access = access_of(request)
    has_factor = services.has_second_factor(access.user)
    form = _form(request, CodeForm if has_factor else PasswordForm)
    if request.method == "POST" and (_proved(request, form) if has_factor else _knows_password(request, form)):
        user_sessions.confirm(access.details["session_id"], second_factor=has_factor, now=timezone.now())
        return HttpResponseRedirect(_next(request))
    return _page(request, "tenants/two_factor/enter.html", "Confirm that it is you", form)


def _proved(request: HttpRequest, form: forms.Form) -> bool:
    """Return whether the code or the passkey is right, and say on the form why not."""
    user, now = access_of(request).user, timezone.now()
    try:
        if request.POST.get("passkey"):
            challenge = request.session.pop(CHALLENGE, {})
            passkeys.check(user=user, request=request, state=challenge, answer=_answer(request), now=now)
            return True
        if form.is_valid():
            services.check_code(user=user, code=form.cleaned_data["code"], now=now)
            return True
    except DomainError as error:
        form.full_clean()
        form.add_error(None, error.detail)
    return False


def _knows_password(request: HttpRequest, form: forms.Form) -> bool:
    try:
        if form.is_valid():
            credentials.verify(email=access_of(request).user.email, password=form.cleaned_data["password"])
            return True
    except credentials.WrongCredentials:
        form.add_error("password", "This is not your password.")
    except DomainError as error:
        form.add_error(None, error.detail)
    return False


def _answer(request: HttpRequest) -> dict[str, Any]:
    try:
        answer = json.loads(request.POST.get("passkey", ""))
    except ValueError as error:
        raise PasskeyRefused from error
    if not isinstance(answer, dict):
        raise PasskeyRefused
    return answer


def _form(request: HttpRequest, kind: type[forms.Form]) -> forms.Form:
    return apply_widgets(kind(request.POST if request.method == "POST" else None))


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("admin:index")


def _page(
    request: HttpRequest, template: str, title: str, form: forms.Form | None = None, **shown: Any
) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": title, "form": form, "next": _next(request), **shown}
    if template.endswith("enter.html"):
        offered = passkeys.begin_sign_in(user=access_of(request).user, request=request)
        if offered is not None:
            context["options"], request.session[CHALLENGE] = offered
    return TemplateResponse(request, template, context, headers={"Cache-Control": "no-store"})


add_public_view("login/code/", enter, "second_factor")
add_public_view("login/leave/", leave, "leave")
add_public_view("two-factor/app/", set_up, "second_factor_set_up")
add_view("two-factor/passkey/", add_passkey, "add_passkey")
add_view("two-factor/change/", change, "second_factor_change")
add_view("confirm/", confirm, "confirm")
