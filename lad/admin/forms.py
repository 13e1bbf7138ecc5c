"""Base forms of the admin. They keep concurrent changes apart and show errors of services at their fields."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.utils.text import capfirst

from lad.admin import opened
from lad.admin.defaults import field_or_none
from lad.admin.widgets import RowAutocomplete, SecretFormField
from lad.db.identifiers import uuid7
from lad.errors import Conflict, DomainError, Invalid

# The input of an add form that names the form, so that sending it twice adds one row; see lad.idempotency.forms.
KEY_FIELD: Final = "_key"
CHANGED_MEANWHILE: Final = (
    "Somebody changed this after you opened it. It is now: {theirs}. Your entry is kept here and not saved yet: "
    "save again to apply it, or enter the other value."
)
EMPTY_VALUE: Final = "empty"


class AlreadyAdded(Conflict):
    """This form was saved already, with other entries. Save again to add another row."""


class LadModelForm(forms.ModelForm):
    """Writes only what its user changed since the page was opened.

    A field that the user left alone takes the row's present value. A field that somebody else has changed as well
    is shown again with both values. ``refusal`` is a service's error for the same entries, shown at its fields;
    see base.py. Unique keys and constraints are checked by the writer, which knows the tenant.
    """

    refusal: DomainError | None = None
    # Whether the page may link to rows of a model: only where the caller may see them.
    may_link: ClassVar[Callable[[type[models.Model]], bool] | None] = None
    # Templates ask for it, and search the whole class for what is missing.
    nested_formsets: ClassVar[tuple[()]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Validation changes the instance, and the writer needs the previous values.
        self.original = copy(self.instance)
        if self.exists:
            self.initial = {**self.shown_values(), **self.initial}
        for name, field in self.fields.items():
            self._show_chosen(name, field)
            self._keep_stored_choice(name, field)
            if isinstance(field, SecretFormField) and self.initial.pop(name, None):
                field.mark_as_stored()
            if isinstance(self.initial.get(name), Decimal):
                # Show 25 for a stored 25.000000.
                self.initial[name] = Decimal(f"{self.initial[name].normalize():f}")
        # Fields that the user left alone, and the present values of those that somebody else changed as well.
        self.untouched: set[str] = set()
        self.conflicts: dict[str, str] = {}
        if self.is_bound and self.exists:
            self._take_present_values()

    def shown_values(self) -> dict[str, Any]:
        """Return what fields that are no columns show of an existing row."""
        return {}

    def _show_chosen(self, name: str, field: forms.Field) -> None:
        """Give the row that a key points to to its widget, unless it can no longer be chosen."""
        widget = getattr(field.widget, "widget", field.widget)
        chosen = self.instance._state.fields_cache.get(name)
        if not isinstance(widget, RowAutocomplete) or chosen is None or getattr(chosen, "deleted_at", None) is not None:
            return
        if not self._meta.model._meta.get_field(name).get_limit_choices_to():
            widget.chosen = chosen

    def _keep_stored_choice(self, name: str, field: forms.Field) -> None:
        """Offer the stored value even if it could not be chosen anew, such as the key of a feature that is gone."""
        stored = self.initial.get(name)
        if isinstance(field, forms.TypedChoiceField) and stored not in (None, "") and not field.valid_value(stored):
            choices: Any = field.choices
            field.choices = [*choices, (stored, str(stored))]

    @property
    def exists(self) -> bool:
        """Return whether the form shows a row that exists."""
        return not self.original._state.adding

    @property
    def opened_value(self) -> str:
        """Return what the page carries about the values it shows."""
        return opened.opened_value(self) if self.exists else ""

    @property
    def opened_name(self) -> str:
        return self.add_prefix(opened.OPENED_FIELD)

    @property
    def new_key(self) -> str:
        """Return a name for a form that adds a row."""
        return "" if self.exists else str(uuid7())

    def _take_present_values(self) -> None:
        """Compare what was sent, what the page showed and what the row holds now, field by field."""
        shown = opened.opened_digests(self.data.get(self.opened_name) or "")
        for bound in opened.comparable(self):
            before = shown.get(bound.name)
            present, sent = opened.shown_inputs(bound), opened.digest(opened.sent_inputs(self, bound))
            if sent == opened.digest(present):
                self.untouched.add(bound.name)
            elif before is not None and sent == before:
                self.data = opened.with_inputs(self.data, bound, present)
                self.untouched.add(bound.name)
            elif before is not None and before != opened.digest(present):
                self.conflicts[bound.name] = self._present_text(bound.name, present)

    def _present_text(self, name: str, present: opened.Inputs) -> str:
        """Return the row's value in words."""
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            return str(getattr(self.original, name) or EMPTY_VALUE)
        if isinstance(field, forms.BooleanField):
            return "yes" if present else "no"
        texts = [text for values in present.values() for text in values if text]
        choices = dict(getattr(field.widget, "choices", None) or ())
        return " ".join(str(choices.get(text, text)) for text in texts) or EMPTY_VALUE

    @cached_property
    def changed_data(self) -> list[str]:
        """Return the names of the fields that the user changed."""
        return [name for name in super().changed_data if name not in self.untouched]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name, theirs in self.conflicts.items():
            self.add_error(name, CHANGED_MEANWHILE.format(theirs=theirs))
        return cleaned

    def full_clean(self) -> None:
        super().full_clean()
        if self.refusal is not None and self.is_bound:
            for field, messages in self._messages(self.refusal).items():
                self.add_error(field, messages)

    def _messages(self, refusal: DomainError) -> dict[str | None, list[str]]:
        """Return the messages by the field where they are shown; None stands for the top of the form."""
        if not isinstance(refusal, Invalid) or not refusal.errors:
            return {self._place(refusal): [refusal.detail]}
        messages: dict[str | None, list[str]] = {}
        for name, texts in refusal.errors.items():
            top, _, inside = name.partition(".")
            if name in ("non_field_errors", NON_FIELD_ERRORS):
                place, label = self._place(refusal), ""
            elif top in self.fields:
                place, label = top, inside
            else:
                place, label = None, self._label(name)
            messages.setdefault(place, []).extend(f"{label}: {text}" if label else text for text in texts)
        return messages

    def _place(self, refusal: DomainError) -> str | None:
        """Return the field of a rule about several fields: the last one that was entered."""
        named = [name for name in refusal.extra.get("fields") or () if name in self.fields]
        entered = [name for name in named if name in self.changed_data] or named
        return entered[-1] if entered else None

    def _label(self, name: str) -> str:
        """Return what people call a field that the page does not have."""
        field = field_or_none(self._meta.model, name)
        return capfirst(str(field.verbose_name)) if field is not None else name

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


@contextmanager
def entered_in(form: Any) -> Iterator[None]:
    """Note on an error of a service that the entries of this form or formset were refused."""
    try:
        yield
    except DomainError as error:
        error.entered_in = error.entered_in or str(form.prefix or "")
        raise


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
