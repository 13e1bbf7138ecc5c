"""Signing in to the admin, with the limits and the known devices of the API."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.forms import AuthenticationForm

from tenants.accounts.clients import remember_device, sign_in_client
from tenants.accounts.services.sign_in_limit import LockedOut


class SignInForm(AuthenticationForm):
    """Says so if too many wrong passwords were entered."""

    def get_invalid_login_error(self) -> ValidationError:
        locked_out: LockedOut | None = getattr(self.request, "locked_out", None)
        if locked_out is None:
            return super().get_invalid_login_error()
        return ValidationError(
            f"{locked_out.detail} You can try again in {locked_out.retry_after} seconds.", code=locked_out.code
        )


def _remember(request: HttpRequest, response: HttpResponse) -> None:
    remember_device(response, sign_in_client(request), request.user.get_username())


admin.site.login_form = SignInForm
setattr(admin.site, "on_sign_in", _remember)  # noqa: B010  (Django's stubs know only its own site)
