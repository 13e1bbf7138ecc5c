"""The base of every admin form: it carries the version it was opened with, and shows what a service refused."""

from copy import copy
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from lad.admin.widgets import SecretFormField
from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid

VERSION_FIELD: Final = "_version"
CHANGED_MEANWHILE: Final = (
    "Somebody changed this after you opened it; see History. Your entries are kept: save again to apply them."
)


class LadModelForm(forms.ModelForm):
    """``refusal`` is a service's objection to the same entries, shown where it belongs; see base.py.

    Unique keys and checks are the writer's to test, with the tenant filled in.
    """

    refusal: ClassVar[DomainError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Validation writes into the instance; the writer compares with what the row was.
        self.original = copy(self.instance)
        for name, field in self.fields.items():
            if isinstance(field, SecretFormField) and self.initial.pop(name, None):
                field.say_stored()
            if isinstance(self.initial.get(name), Decimal):
                # 25.000000 is stored, 25 is read.
                self.initial[name] = Decimal(f"{self.initial[name].normalize():f}")

    @property
    def version(self) -> str:
        """What the row was when the form was opened, as far as its ``updated_at`` tells."""
        updated_at = getattr(self.original, "updated_at", None)
        return updated_at.isoformat() if updated_at and not self.original._state.adding else ""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        # Rows of an inline come with a prefix and without a version: the one on the page is their parent's.
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
            return {None: [refusal.detail]}
        messages: dict[str | None, list[str]] = {}
        for name, texts in refusal.errors.items():
            if name in self.fields:
                messages[name] = list(texts)
            else:
                label = "" if name in ("non_field_errors", NON_FIELD_ERRORS) else f"{name}: "
                messages.setdefault(None, []).extend(f"{label}{text}" for text in texts)
        return messages

    def values(self) -> dict[str, Any]:
        """What was entered, by model field: all of it for a new row, what differs for an existing one."""
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

    def validate_unique(self) -> None:
        """See the class."""

    def _post_clean(self) -> None:
        # The writer may complete or tidy the row before its constraints are asked; the form has no hook for them.
        self.instance.validate_constraints = lambda exclude=None: None
        try:
            super()._post_clean()  # type: ignore[misc]
        finally:
            del self.instance.validate_constraints


class ReasonForm(forms.Form):
    """Asks why."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the event and shown to those it concerns.",
    )


class EmptyForm(forms.Form):
    """Asks for a confirmation only."""


class OnceForm(forms.Form):
    """Carries the key under which what it asks for happens once, however often it is sent."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7, error_messages={"required": "Open this page again."})
