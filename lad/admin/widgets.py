"""Form fields and widgets of the admin."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from lad import jsontext
from lad.db.fields import SECRET_MASK

FEWEST_LINES: Final = 4
MOST_LINES: Final = 24


class JSONEditor(UnfoldAdminTextareaWidget):
    """A text area that says at once where JSON is wrong, sets it in order, and shows beside it how it reads."""

    template_name = "lad/admin/json_editor.html"

    class Media:
        js = ["lad/admin/json_editor.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"spellcheck": "false", "class": "lad-json", **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        lines = str(value or "").count("\n") + 1
        sized = {"rows": min(max(lines, FEWEST_LINES), MOST_LINES), **(attrs or {})}
        return super().get_context(name, value, sized)


class JSONFormField(forms.JSONField):
    """JSON laid out for people; left empty it means the model field's default."""

    widget = JSONEditor

    def __init__(self, *, empty: Any = None, **kwargs: Any) -> None:
        self.empty = empty
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values and value not in ({}, []):
            return self.empty
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            return jsontext.parse(value)
        except jsontext.JsonFault as fault:
            raise ValidationError(str(fault), code="invalid") from fault

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was entered is shown again as it was entered, right or wrong."""
        return initial if self.disabled else forms.fields.InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> str:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return str(value)
        # Nothing is an empty editor, which means the default when it is saved.
        return "" if value is None else jsontext.pretty(value, encoder=self.encoder)


class SecretFormField(forms.CharField):
    """A secret that is entered anew or stays as it is; what is stored never reaches the page."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}))
        super().__init__(**kwargs)

    def say_stored(self) -> None:
        """One is stored: it need not be entered again, and an empty entry never removes it."""
        self.required = False
        self.help_text = "One is stored and never shown. Enter another to replace it."
        self.widget.attrs["placeholder"] = SECRET_MASK

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def dress(form: forms.Form) -> forms.Form:
    """Give a plain form unfold's looks."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.CheckboxSelectMultiple):
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget(attrs=widget.attrs, choices=widget.choices)
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
