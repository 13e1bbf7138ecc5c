"""The page on which an account is connected: choose how, then do what the network asks, while the page looks."""

from typing import TYPE_CHECKING, Any, Final

import segno
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from campaigns.accounts.models import AccountStatus, NetworkAccount
from campaigns.accounts.network_connecting import hosted, keeping, signing_in
from campaigns.accounts.network_connecting.attempts import NAMES, Answer, Attempt, Waits, attempt_of, network_of
from campaigns.accounts.network_connecting.throttling import require_few_attempts
from campaigns.accounts.sandboxes import is_sandbox
from campaigns.gateways.unipile.accounts import is_set_up
from lad.errors import DomainError, Invalid
from lad.tenancy.access import actor_of
from lad.tenancy.middleware import outside_scope

if TYPE_CHECKING:
    from campaigns.accounts.admin.network import NetworkAccountAdmin

PART: Final = "part"
# While the attempt waits for these, the page looks again by itself. A form that somebody fills in stays as it is.
LOOKED_AT: Final = (Waits.LINK, Waits.QR, Waits.APP)


class CredentialsForm(forms.Form):
    """Name and password. They go to the network and are stored nowhere."""

    prefix = "credentials"
    username = forms.CharField(label="E-mail or user name", max_length=320, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(max_length=500, strip=False, widget=UnfoldAdminPasswordWidget)

    def entered(self) -> signing_in.Credentials:
        return signing_in.Credentials(self.cleaned_data["username"], self.cleaned_data["password"])


class CookiesForm(forms.Form):
    """The cookies of a browser that is signed in. They go to the network and are stored nowhere."""

    prefix = "cookies"
    li_at = forms.CharField(label="Cookie li_at", max_length=4_000, widget=UnfoldAdminPasswordWidget)
    li_a = forms.CharField(
        label="Cookie li_a",
        max_length=4_000,
        required=False,
        widget=UnfoldAdminPasswordWidget,
        help_text="Only with Sales Navigator or Recruiter.",
    )
    user_agent = forms.CharField(
        label="Browser",
        max_length=1_000,
        widget=UnfoldAdminTextInputWidget,
        help_text="What the browser with the cookies calls itself. It is filled in for the one you use now.",
    )

    def entered(self) -> signing_in.Cookies:
        values = self.cleaned_data
        return signing_in.Cookies(values["li_at"], values["user_agent"], values["li_a"])


class CodeForm(forms.Form):
    """The code, or the phone number, that the network asks for."""

    code = forms.CharField(
        label="Code",
        max_length=50,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


class ConnectingPage:
    """One request of the page."""

    def __init__(self, pages: "NetworkAccountAdmin", request: HttpRequest, object_id: str) -> None:
        self.pages, self.request = pages, request
        self.row: NetworkAccount = pages.get_row_or_404(request, object_id)
        if not pages.has_change_permission(request, self.row):
            raise PermissionDenied
        self.network = NAMES[network_of(self.row)]
        self.credentials, self.cookies, self.code = CredentialsForm(), self._cookies_form(), CodeForm()
        self.now = timezone.now()

    def response(self) -> HttpResponse:
        if self.request.method == "POST":
            return self._act() or self._page()
        if self.request.GET.get(PART):
            return self._looked_at()
        return self._page()

    # What was sent

    def _act(self) -> HttpResponse | None:
        """Do what a form asks for. Return where to go, or None to show the page with what is wrong."""
        method, link = self.request.POST.get("method", ""), ""
        try:
            if method != "cancel":
                require_few_attempts(self.row)
            answer = self._answer(method)
            if answer is None:
                return None
            self._keep(answer)
            link = answer.link
        except Invalid as error:
            self._show_errors(method, error)
            return None
        except DomainError as error:
            messages.error(self.request, error.detail)
            return HttpResponseRedirect(self.request.path)
        return HttpResponseRedirect(link or self.request.path)

    def _answer(self, method: str) -> Answer | None:
        """Ask the gateway what the form asks for; None if the form is not filled in rightly."""
        row, now = self.row, self.now
        form = self._sent_form(method)
        if form is not None and not form.is_valid():
            return None
        back = self.request.build_absolute_uri(self.request.path)
        with outside_scope(self.request):
            match method:
                case "hosted":
                    return hosted.begin(row, now=now, return_url=back)
                case "qr":
                    return signing_in.show_qr(row, now=now)
                case "code":
                    return signing_in.solve(row, self.code.cleaned_data["code"], now=now)
                case "cancel":
                    return signing_in.solve(row, "NO", now=now)
                case "credentials":
                    return signing_in.sign_in(row, self.credentials.entered(), now=now)
                case "cookies":
                    return signing_in.sign_in(row, self.cookies.entered(), now=now)
        return None

    def _sent_form(self, method: str) -> forms.Form | None:
        data = self.request.POST
        match method:
            case "credentials":
                self.credentials = CredentialsForm(data)
                return self.credentials
            case "cookies":
                self.cookies = CookiesForm(data)
                return self.cookies
            case "code":
                self.code = CodeForm(data)
                return self.code
        return None

    def _show_errors(self, method: str, error: Invalid) -> None:
        form = {"credentials": self.credentials, "cookies": self.cookies, "code": self.code}[method]
        for name, texts in (error.errors or {"": [error.detail]}).items():
            form.add_error(name if name in form.fields else None, list(texts))

    def _keep(self, answer: Answer) -> None:
        with self.pages.row_scope(self.request, self.row):
            keeping.keep(self.row, answer, actor=actor_of(self.request), now=self.now)

    # What is shown

    def _looked_at(self) -> HttpResponse:
        """Return the part of the page that changes, after a look at the gateway."""
        if attempt_of(self.row) is not None:
            try:
                with outside_scope(self.request):
                    answer = signing_in.look(self.row, now=self.now)
                self._keep(answer)
            except keeping.OtherAttempt:
                # The notice of the gateway came first, or a colleague began anew.
                self.row = self.pages.get_row_or_404(self.request, str(self.row.pk))
            except DomainError as error:
                return self._rendered("campaigns/admin/connecting_state.html", trouble=error.detail)
        return self._rendered("campaigns/admin/connecting_state.html")

    def _page(self) -> HttpResponse:
        return self._rendered("campaigns/admin/connecting.html")

    def _rendered(self, template: str, trouble: str = "") -> HttpResponse:
        attempt = attempt_of(self.row)
        context: dict[str, Any] = {
            **self.pages.admin_site.each_context(self.request),
            "title": f"Connect {self.row}",
            "opts": self.pages.opts,
            "original": self.row,
            "network": self.network,
            "attempt": attempt,
            "waits": attempt.waits.value if attempt else "",
            "poll": attempt is not None and attempt.waits in LOOKED_AT,
            "picture": _picture(attempt),
            "connected": attempt is None and self.row.status == AccountStatus.ACTIVE,
            "ended": self.row.checkpoint.get("ended", ""),
            "trouble": trouble,
            "back": self.pages.change_url(self.row),
            "credentials_form": self.credentials,
            "cookies_form": self.cookies,
            "code_form": self.code,
            "sandbox": is_sandbox(self.row),
            "set_up": is_set_up(),
            "now": self.now,
        }
        self.request.current_app = self.pages.admin_site.name
        response = TemplateResponse(self.request, template, context)
        # The page may hold a code that connects an account.
        response["Cache-Control"] = "no-store"
        return response

    def _cookies_form(self) -> CookiesForm:
        return CookiesForm(initial={"user_agent": self.request.headers.get("User-Agent", "")})


def _picture(attempt: Attempt | None) -> SafeString:
    """Return the code that a phone scans as a picture."""
    if attempt is None or attempt.waits != Waits.QR or not attempt.qr:
        return SafeString("")
    drawn = segno.make(attempt.qr, micro=False).svg_inline(border=3, light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308  # drawn here, of squares only
