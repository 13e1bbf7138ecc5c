"""Form fields and widgets of the admin."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, Model
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from lad import jsontext, timezones
from lad.db.fields import SECRET_MASK

MIN_LINES: Final = 4
MAX_LINES: Final = 24


class JSONEditor(UnfoldAdminTextareaWidget):
    """A text area that marks JSON errors as the user types, formats JSON and shows a preview."""

    template_name = "lad/admin/json_editor.html"

    class Media:
        js = ["lad/admin/json_editor.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"spellcheck": "false", "class": "lad-json", **(attrs or {})})

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        lines = str(value or "").count("\n") + 1
        sized = {"rows": min(max(lines, MIN_LINES), MAX_LINES), **(attrs or {})}
        return super().get_context(name, value, sized)


class LocalDateTimeInput(UnfoldAdminTextInputWidget):
    """The browser's own picker of a date and time, with the name of the time zone beside it."""

    template_name = "lad/admin/local_datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({**(attrs or {}), "type": "datetime-local", "step": "60"})

    def format_value(self, value: object) -> str | None:
        """Return the value as the browser's picker takes it. A time zone's offset is none of its business."""
        return f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else super().format_value(value)


class RowAutocomplete(AutocompleteSelect):
    """A key to another row. The row that the form was opened with is loaded already and needs no query."""

    chosen: Model | None = None

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        if self.chosen is None or list(value) != [str(self.chosen.pk)]:
            return super().optgroups(name, value, attrs)
        label = self.choices.field.label_from_instance(self.chosen)
        option = self.create_option(name, self.chosen.pk, label, selected=True, index=0)
        options = [option] if self.is_required else [self.create_option(name, "", "", False, 0), option]
        return [(None, options, 0)]


class RowKeys:
    """Give keys to other rows that widget. For admins and inlines."""

    admin_site: AdminSite

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if "widget" not in kwargs and db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs["widget"] = RowAutocomplete(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class JSONFormField(forms.JSONField):
    """Formatted JSON. An empty entry means the model field's default."""

    widget = JSONEditor

    def __init__(self, *, empty: Any = None, **kwargs: Any) -> None:
        self.empty = empty
        super().__init__(**kwargs)

    def to_python(self, value: object) -> Any:
        if value in self.empty_values and value not in ({}, []):
            return self.empty
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            return jsontext.parse(value)
        except jsontext.JsonFault as fault:
            raise ValidationError(str(fault), code="invalid") from fault

    def bound_data(self, data: object, initial: object) -> Any:
        """Return the entry unchanged, valid or not, to show it again."""
        return initial if self.disabled else forms.fields.InvalidJSONInput(data or "")

    def prepare_value(self, value: object) -> str:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return str(value)
        # None is shown as an empty editor; saving that sets the default.
        return "" if value is None else jsontext.pretty(value, encoder=self.encoder)


def zone_choices(nothing: str) -> list[tuple[str, str]]:
    """Return the time zones as choices. ``nothing`` is the label of no choice, which shows for an unknown zone too."""
    return [("", nothing), *((name, name.replace("_", " ")) for name in sorted(timezones.names()))]


def zone_field(column: Field) -> forms.ChoiceField:
    """Return a field that picks the time zone that the column holds."""
    nothing = "Not chosen" if column.blank else "Choose a time zone"
    return forms.ChoiceField(
        # A function, because lists are copied with each form.
        choices=lambda: zone_choices(nothing),
        required=not column.blank,
        initial=column.get_default(),
        label=str(capfirst(column.verbose_name)),
        help_text=column.help_text,
        widget=UnfoldAdminSelectWidget,
    )


class SecretFormField(forms.CharField):
    """A secret that can be replaced or kept. The stored value is never sent to the page."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}))
        super().__init__(**kwargs)

    def mark_as_stored(self) -> None:
        """Make the field optional, because a value is stored: an empty entry keeps it."""
        self.required = False
        self.help_text = "A value is stored but never shown. Enter a new one to replace it."
        self.widget.attrs["placeholder"] = SECRET_MASK

    def has_changed(self, initial: object, data: object) -> bool:
        return bool(data)


def apply_widgets(form: forms.Form) -> forms.Form:
    """Replace a form's widgets by unfold's and return the form."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.CheckboxSelectMultiple):
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget(attrs=widget.attrs, choices=widget.choices)
        elif isinstance(field, forms.DateTimeField):
            field.widget = LocalDateTimeInput(attrs=widget.attrs)
        elif isinstance(widget, forms.Textarea):
            field.widget = UnfoldAdminTextareaWidget(attrs=widget.attrs)
        elif isinstance(widget, forms.Select):
            field.widget = UnfoldAdminSelectWidget(attrs=widget.attrs, choices=widget.choices)
        elif isinstance(widget, forms.PasswordInput):
            field.widget = UnfoldAdminPasswordWidget(attrs=widget.attrs)
        elif isinstance(widget, forms.NumberInput):
            field.widget = UnfoldAdminDecimalFieldWidget(attrs=widget.attrs)
        elif isinstance(widget, forms.TextInput):
            field.widget = UnfoldAdminTextInputWidget(attrs={**widget.attrs, "type": widget.input_type})
    return form
