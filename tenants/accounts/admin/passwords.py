"""Changing one's own password in the admin: the same service as in the API."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm

from lad.errors import DomainError, Invalid
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.services import passwords

_FIELDS = {"current_password": "old_password", "new_password": "new_password2"}


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The service tests the old password, counting wrong guesses, and writes the new one."""

    user: User

    def clean_old_password(self) -> str:
        return str(self.cleaned_data["old_password"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            passwords.change(user=self.user, current=cleaned["old_password"], new=cleaned["new_password2"])
        except Invalid as error:
            for name, texts in error.errors.items():
                self.add_error(_FIELDS.get(name), texts)
        except DomainError as error:
            raise ValidationError(error.detail) from error
        return cleaned

    def save(self, commit: bool = True) -> User:
        with platform_context():
            # The session stays signed in by what is stored now.
            self.user.password = User.objects.values_list("password", flat=True).get(pk=self.user.pk)
        return self.user


admin.site.password_change_form = OwnPasswordForm
