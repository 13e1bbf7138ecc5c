"""Form fields and widgets of the admin."""

import json
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)


class JSONEditor(UnfoldAdminTextareaWidget):
    """A text area that says at once where JSON is wrong, and sets it in order on request."""

    template_name = "lad/admin/json_editor.html"

    class Media:
        js = ["lad/admin/json_editor.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 6, "spellcheck": "false", "class": "lad-json", **(attrs or {})})


class JSONFormField(forms.JSONField):
    """JSON laid out for people; left empty it means the model field's default."""

    widget = JSONEditor

    def __init__(self, *, empty: Any = None, **kwargs: Any) -> None:
        self.empty = empty
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values and value not in ({}, []):
            return self.empty
        return super().to_python(value)

    def prepare_value(self, value: Any) -> str:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return str(value)
        return json.dumps(value, indent=2, ensure_ascii=False, cls=self.encoder)


def pretty_json(value: Any) -> SafeString:
    """JSON as a read-only block."""
    if value in (None, {}, []):
        return format_html('<span class="text-subtle">{}</span>', "–")
    return format_html('<pre class="lad-json-view">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


def dress(form: forms.Form) -> forms.Form:
    """Give a plain form unfold's looks."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.Textarea):
            field.widget = UnfoldAdminTextareaWidget(attrs=widget.attrs)
        elif isinstance(widget, forms.Select):
            field.widget = UnfoldAdminSelectWidget(attrs=widget.attrs, choices=widget.choices)
        elif isinstance(widget, forms.PasswordInput):
            field.widget = UnfoldAdminPasswordWidget(attrs=widget.attrs)
        elif isinstance(widget, forms.TextInput):
            field.widget = UnfoldAdminTextInputWidget(attrs=widget.attrs)
    return form
