"""The admin page on which users change their own password. Uses the same service as the API."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm

from lad.errors import DomainError, Invalid
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.services import passwords

_FIELDS = {"current_password": "old_password", "new_password": "new_password2"}


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Leaves checking the old password and saving the new one to the service."""

    user: User

    def __init__(self, *args: Any, session_id: UUID | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session_id = session_id

    def clean_old_password(self) -> str:
        return str(self.cleaned_data["old_password"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            passwords.change(
                user=self.user,
                current=cleaned["old_password"],
                new=cleaned["new_password2"],
                session_id=self.session_id,
            )
        except Invalid as error:
            for name, texts in error.errors.items():
                self.add_error(_FIELDS.get(name), texts)
        except DomainError as error:
            raise ValidationError(error.detail) from error
        return cleaned

    def save(self, commit: bool = True) -> User:
        with platform_context():
            # The session's hash is computed from the stored password.
            self.user.password = User.objects.values_list("password", flat=True).get(pk=self.user.pk)
        return self.user


admin.site.password_change_form = OwnPasswordForm
