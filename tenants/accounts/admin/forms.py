"""Forms of the pages about accounts, and the form that adds an account."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from lad.admin.forms import LadModelForm
from lad.errors import DomainError, Invalid
from tenants.accounts.services.passwords import MAX_PASSWORD_LENGTH

NOT_THE_SAME = "The two passwords are not the same."
NEW_ACCOUNT_FIELDS = ("new_password", "repeated_password", "send_invitation")


def password_field(label: str, *, new: bool = True, **options: Any) -> forms.CharField:
    """Return a field for a password, which keeps its spaces."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password" if new else "current-password"})
    return forms.CharField(label=label, max_length=MAX_PASSWORD_LENGTH, strip=False, widget=widget, **options)


class AccountForm(forms.Form):
    """Shows the errors of services at its fields. ``service_fields`` maps their names of fields to the form's."""

    service_fields: ClassVar[dict[str, str]] = {}

    def show(self, error: DomainError) -> None:
        """Add the error of a service to the form."""
        if not isinstance(error, Invalid) or not error.errors:
            self.add_error(None, error.detail)
            return
        for name, texts in error.errors.items():
            field = self.service_fields.get(name, name)
            self.add_error(field if field in self.fields else None, list(texts))


class EmailForm(AccountForm):
    email = forms.EmailField(
        label="E-mail address",
        max_length=255,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "username", "autofocus": True}),
    )


class NewPasswordForm(AccountForm):
    service_fields = {"password": "new_password"}

    new_password = password_field("New password")
    repeated_password = password_field("New password again")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("new_password") != cleaned.get("repeated_password"):
            raise ValidationError({"repeated_password": NOT_THE_SAME})
        return cleaned


class NewMemberForm(NewPasswordForm):
    """Somebody without an account accepts an invitation."""

    first_name = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}))
    last_name = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget())
    field_order = ["first_name", "last_name", "new_password", "repeated_password"]


class KnownMemberForm(AccountForm):
    """Somebody with an account accepts an invitation."""

    password = password_field("Your password", new=False)


class ConfirmForm(AccountForm):
    """Asks for a click only: programs that open the links of a mail do not click."""


class UserForm(LadModelForm):
    """A new account gets a password, or a mail with a link to choose one, or neither."""

    new_password = password_field("Password", required=False, help_text="Leave it empty to have the person choose one.")
    repeated_password = password_field("Password again", required=False)
    send_invitation = forms.BooleanField(
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        label="Send an invitation",
        help_text="Mails a link with which the person chooses a password, if you entered none.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name in NEW_ACCOUNT_FIELDS:
                del self.fields[name]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned is not None and cleaned.get("new_password") != cleaned.get("repeated_password"):
            raise ValidationError({"repeated_password": NOT_THE_SAME})
        return cleaned
