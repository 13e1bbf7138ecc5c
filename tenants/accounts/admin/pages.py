"""Pages of the admin for people who are not signed in: the targets of the links in mails."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from lad.admin.site import add_public_view
from lad.api.throttling import seconds_to_wait
from lad.errors import DomainError, Throttled
from lad.tenancy.access import access_of
from lad.tenancy.clients import client_address
from tenants.accounts.admin import forms
from tenants.accounts.clients import sign_in_client
from tenants.accounts.models import User
from tenants.accounts.services import credentials, joining, passwords, sign_up

Links = list[tuple[str, str]]


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class AccountPage(FormView):
    """A form with a sentence above it. A refusal of the service is shown on it, success on a page of its own."""

    template_name = "tenants/accounts/admin/page.html"
    form_class: Any = forms.ConfirmForm
    title: ClassVar[str]
    button: ClassVar[str]
    throttle_scope: ClassVar[str] = "sign-in"

    def act(self, values: Mapping[str, Any]) -> tuple[list[str], Links]:
        """Call the service and return the sentences and links of the page that says so. Raises DomainError."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Return the sentences above the form. Raises DomainError if there is no use in showing it."""
        return []

    @property
    def token(self) -> str:
        return self.request.GET.get("token", "")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            if request.method == "POST":
                caller = f"{type(self).__name__}:address:{client_address(request)}"
                wait = seconds_to_wait(self.throttle_scope, caller)
                if wait:
                    raise Throttled(retry_after=wait)
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return self.page(problem=error.detail, links=self.ways_out(), status=error.status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lines = [] if "problem" in kwargs or "lines" in kwargs else self.lines()
        site = cast(Any, admin.site)
        shown = {**site.each_context(self.request), "title": self.title, "button": self.button, "lines": lines}
        return {**shown, **kwargs}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=self.get_form()))

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            lines, links = self.act(form.cleaned_data)
        except DomainError as error:
            form.show(error)
            return self.form_invalid(form)
        return self.page(lines=lines, links=links)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form))

    def page(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return a page without a form."""
        shown = self.get_context_data(**{"form": None, **context})
        return TemplateResponse(self.request, self.template_name, shown, status=status)

    def ways_out(self) -> Links:
        return [_sign_in_link()]


class ForgottenPassword(AccountPage):
    form_class = forms.EmailForm
    title = "Choose a new password"
    button = "Send a link"
    throttle_scope = "mail"

    def lines(self) -> list[str]:
        return ["Enter your e-mail address. We mail you a link with which you choose a new password."]

    def act(self, values: Mapping[str, Any]) -> tuple[list[str], Links]:
        passwords.request_reset(email=values["email"])
        sent = f"If {values['email']} has an account, a mail with a link is on its way. The link works for an hour."
        return [sent, "Look among unwanted mails too."], [_sign_in_link()]


class ResetPassword(AccountPage):
    form_class = forms.NewPasswordForm
    title = "Choose a new password"
    button = "Set the password"

    def lines(self) -> list[str]:
        passwords.require_link(token=self.token)
        return ["All your sessions end."]

    def act(self, values: Mapping[str, Any]) -> tuple[list[str], Links]:
        passwords.reset(token=self.token, password=values["new_password"])
        return ["Your new password is set."], [_sign_in_link()]

    def ways_out(self) -> Links:
        return [("Ask for a new link", reverse("admin:admin_password_reset"))]


class VerifyEmail(AccountPage):
    title = "Confirm your e-mail address"
    button = "Confirm my address"

    def act(self, values: Mapping[str, Any]) -> tuple[list[str], Links]:
        user = sign_up.verify_email(token=self.token)
        return [f"Thank you. {user.email} is confirmed."], [_sign_in_link()]


class AcceptInvitation(AccountPage):
    title = "Accept the invitation"
    button = "Accept"

    def lines(self) -> list[str]:
        found = self.invitation
        text = f"{found.inviter} invites {found.email} to join {found.tenant_name}."
        if self.user is None and found.has_account:
            return [text, "You have an account already: enter its password."]
        return [text]

    def get_form_class(self) -> Any:
        if self.user is not None:
            return forms.ConfirmForm
        return forms.KnownMemberForm if self.invitation.has_account else forms.NewMemberForm

    def act(self, values: Mapping[str, Any]) -> tuple[list[str], Links]:
        user, new_user = self.user, None
        if user is None and self.invitation.has_account:
            user = credentials.verify(
                email=self.invitation.email, password=values["password"], client=sign_in_client(self.request)
            )
        elif user is None:
            new_user = joining.NewUser(values["new_password"], values["first_name"], values["last_name"])
        joining.accept(token=self.token, user=user, new_user=new_user, start_session=False)
        joined = f"You are a member of {self.invitation.tenant_name} now."
        if user is not None and user.is_staff:
            return [joined], [_sign_in_link()]
        return [joined, "These pages are for staff: ask the person who invited you where to sign in."], []

    @property
    def invitation(self) -> joining.InvitationPreview:
        """Return the invitation if it can still be accepted. Raises the error that says why not."""
        if not hasattr(self, "_invitation"):
            self._invitation = joining.look_up_pending(token=self.token)
        return self._invitation

    @property
    def user(self) -> User | None:
        """Return the signed-in user if the invitation is theirs."""
        user: User | None = access_of(self.request).user
        return user if user is not None and user.email == self.invitation.email else None


def _sign_in_link() -> tuple[str, str]:
    return "Sign in", reverse("admin:index")


# unfold's sign-in page shows a link to the page of this name.
add_public_view("forgotten-password/", ForgottenPassword.as_view(), "admin_password_reset")
add_public_view("reset-password/", ResetPassword.as_view(), "reset_password")
add_public_view("verify-email/", VerifyEmail.as_view(), "verify_email")
add_public_view("accept-invitation/", AcceptInvitation.as_view(), "accept_invitation")
