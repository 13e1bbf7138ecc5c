"""Base forms of the admin. They detect concurrent changes and show errors of services."""

from copy import copy
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from lad.admin.widgets import RowAutocomplete, SecretFormField
from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid

VERSION_FIELD: Final = "_version"
CHANGED_MEANWHILE: Final = (
    "Somebody changed this after you opened it; see History. Your entries are kept. Save again to apply them."
)


class LadModelForm(forms.ModelForm):
    """``refusal`` is a service's error for the same entries, shown at its fields; see base.py.

    Unique keys and constraints are checked by the writer, which knows the tenant.
    """

    refusal: ClassVar[DomainError | None] = None
    # Templates ask for it, and search the whole class for what is missing.
    nested_formsets: ClassVar[tuple[()]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Validation changes the instance, and the writer needs the previous values.
        self.original = copy(self.instance)
        for name, field in self.fields.items():
            self._show_chosen(name, field)
            if isinstance(field, SecretFormField) and self.initial.pop(name, None):
                field.mark_as_stored()
            if isinstance(self.initial.get(name), Decimal):
                # Show 25 for a stored 25.000000.
                self.initial[name] = Decimal(f"{self.initial[name].normalize():f}")

    def _show_chosen(self, name: str, field: forms.Field) -> None:
        """Give the row that a key points to to its widget, unless it can no longer be chosen."""
        widget = getattr(field.widget, "widget", field.widget)
        chosen = self.instance._state.fields_cache.get(name)
        if not isinstance(widget, RowAutocomplete) or chosen is None or getattr(chosen, "deleted_at", None) is not None:
            return
        if not self._meta.model._meta.get_field(name).get_limit_choices_to():
            widget.chosen = chosen

    @property
    def version(self) -> str:
        """Return the version of the row that the form shows, made from ``updated_at``."""
        updated_at = getattr(self.original, "updated_at", None)
        return updated_at.isoformat() if updated_at and not self.original._state.adding else ""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        # Inline rows have a prefix and no version; the version on the page is their parent's.
        opened_with = self.data.get(self.add_prefix(VERSION_FIELD))
        if opened_with and self.version and opened_with != self.version:
            raise ValidationError(CHANGED_MEANWHILE)
        return cleaned

    def full_clean(self) -> None:
        super().full_clean()
        if self.refusal is not None and self.is_bound:
            for field, messages in self._messages(self.refusal).items():
                self.add_error(field, messages)

    def _messages(self, refusal: DomainError) -> dict[str | None, list[str]]:
        if not isinstance(refusal, Invalid) or not refusal.errors:
            # A duplicate of one field is shown there, one of several fields above the form.
            named: list[str] = refusal.extra.get("fields") or []
            return {named[0] if len(named) == 1 and named[0] in self.fields else None: [refusal.detail]}
        messages: dict[str | None, list[str]] = {}
        for name, texts in refusal.errors.items():
            if name in self.fields:
                messages[name] = list(texts)
            else:
                label = "" if name in ("non_field_errors", NON_FIELD_ERRORS) else f"{name}: "
                messages.setdefault(None, []).extend(f"{label}{text}" for text in texts)
        return messages

    def values(self) -> dict[str, Any]:
        """Return the entered values by model field: all for a new row, the changed ones for an existing row."""
        fields = {f.name: f for f in self._meta.model._meta.concrete_fields}
        names = (name for name in self.cleaned_data if name in fields)
        if self.instance._state.adding:
            return {name: self.cleaned_data[name] for name in names if not self._left_to_default(fields[name])}
        return {name: self.cleaned_data[name] for name in names if name in self.changed_data}

    def _left_to_default(self, field: models.Field) -> bool:
        bound = self[field.name]
        return field.has_default() and bound.field.widget.value_omitted_from_data(
            self.data, self.files, self.add_prefix(field.name)
        )

    def _get_validation_exclusions(self) -> set[str]:
        """Leave out what was not changed, as the writer does: an old value need not meet today's rules."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        if self.instance._state.adding:
            return excluded
        # A field that was not sent keeps the row's value on the instance.
        absent = {f.name for f in self.instance._meta.fields if f.name in self.fields and self._left_to_default(f)}
        return excluded | absent | {name for name in self.fields if name not in self.changed_data}

    def validate_unique(self) -> None:
        """Do nothing: the writer checks unique keys."""

    def _post_clean(self) -> None:
        # The writer may complete the row before it checks constraints, and the form has no hook to skip the check.
        self.instance.validate_constraints = lambda exclude=None: None
        try:
            super()._post_clean()  # type: ignore[misc]
        finally:
            del self.instance.validate_constraints


class ReasonForm(forms.Form):
    """Ask for a reason."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Recorded with the event and shown to the people concerned.",
    )


class ConfirmationForm(forms.Form):
    """Ask for a confirmation only."""


class IdempotentForm(forms.Form):
    """Carry an idempotency key, so that a form that is sent twice acts once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7, error_messages={"required": "Open this page again."})
