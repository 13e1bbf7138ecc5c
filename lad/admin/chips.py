"""A list of short texts in a form, shown as chips: chosen from what is known, or typed in."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelect2MultipleWidget


class ChipsWidget(UnfoldAdminSelect2MultipleWidget):
    """Chips that can be typed in as well. What is entered is offered like the known values."""

    # A property, whose type the stubs do not know.
    choices: Any

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Iterable[Any] = ()) -> None:
        typed = {"data-tags": "true", "data-token-separators": '[","]', "data-width": "100%"}
        super().__init__({**typed, **(attrs or {})}, choices)

    def optgroups(self, name: str, value: Any, attrs: dict[str, Any] | None = None) -> Any:
        before: list[Any] = list(self.choices)
        known = {str(key) for key, _label in before}
        self.choices = [*before, *((each, each) for each in value or () if each not in known)]
        try:
            return super().optgroups(name, value, attrs)
        finally:
            self.choices = before


class ChipsField(forms.MultipleChoiceField):
    """A list of texts, each once. Offers ``choices``; with ``closed`` it takes no others."""

    widget = ChipsWidget

    def __init__(
        self, *, closed: bool = False, max_items: int = 200, max_item_length: int = 500, **options: Any
    ) -> None:
        self.closed, self.max_items, self.max_item_length = closed, max_items, max_item_length
        if closed:
            options.setdefault("widget", UnfoldAdminSelect2MultipleWidget)
        super().__init__(required=options.pop("required", False), **options)

    def to_python(self, value: Any) -> list[str]:
        texts = (" ".join(each.split()) for each in super().to_python(value))
        return list(dict.fromkeys(filter(None, texts)))

    def valid_value(self, value: str) -> bool:
        return not self.closed or super().valid_value(value)

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > self.max_items:
            raise ValidationError(f"Enter at most {self.max_items:,} values.")
        if any(len(each) > self.max_item_length for each in value):
            raise ValidationError(f"A value has at most {self.max_item_length:,} characters.")
