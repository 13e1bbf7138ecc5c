"""Remember the values that a form showed when it was opened, so that saving changes only what its user changed.

The page carries a short digest of each field as it was shown. When it is sent, a field that the user left alone takes
the row's present value, and a field that both the user and somebody else changed is a conflict.
"""

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField

OPENED_FIELD: Final = "_opened"
# Six bytes: two values of one field have the same digest once in 10^14 changes.
DIGEST_SIZE: Final = 6

# The values that a browser sends for a field, by the names of its inputs.
Inputs = dict[str, list[str]]


def comparable(form: forms.BaseForm) -> Iterator[BoundField]:
    """Yield the fields whose present value the page shows. Files and secrets are sent only to replace them."""
    # A formset adds fields of its own to the form's.
    for name in form.base_fields:  # type: ignore[attr-defined]  # set by the metaclass of forms
        if name not in form.fields:
            continue
        bound = form[name]
        widget = _inner(bound.field.widget)
        if not bound.field.disabled and not isinstance(widget, forms.FileInput | forms.PasswordInput):
            yield bound


def shown_inputs(bound: BoundField) -> Inputs:
    """Return what a browser would send for the field if its user changed nothing."""
    value = bound.field.prepare_value(bound.initial)
    return _inputs(bound.field.widget, bound.html_name, value)


def sent_inputs(form: forms.BaseForm, bound: BoundField) -> Inputs:
    """Return what was sent for the field, written as ``shown_inputs`` writes it."""
    value = bound.field.widget.value_from_datadict(form.data, form.files, bound.html_name)
    return _inputs(bound.field.widget, bound.html_name, value)


def digest(inputs: Inputs) -> str:
    """Return a short digest of a field's inputs. Line breaks count as one character, as browsers send two."""
    texts = [[name, [text.replace("\r\n", "\n") for text in values]] for name, values in sorted(inputs.items())]
    return blake2b(json.dumps(texts).encode(), digest_size=DIGEST_SIZE).hexdigest()


def opened_value(form: forms.BaseForm) -> str:
    """Return the digests of a form's fields, as the page carries them."""
    digests = {bound.name: digest(shown_inputs(bound)) for bound in comparable(form)}
    return json.dumps(digests, separators=(",", ":"))


def opened_digests(text: str) -> dict[str, str]:
    """Return the digests that a page carried; none if it carried none that make sense."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def with_inputs(data: Any, bound: BoundField, inputs: Inputs) -> Any:
    """Return a copy of the sent data in which the field's inputs are these."""
    copied = data.copy()
    for name in input_names(bound.field.widget, bound.html_name):
        copied.pop(name, None)
    for name, values in inputs.items():
        if hasattr(copied, "setlist"):
            copied.setlist(name, values)
        else:
            copied[name] = values[-1]
    return copied


def input_names(widget: forms.Widget, name: str) -> list[str]:
    """Return the names of a widget's inputs."""
    widget = _inner(widget)
    if isinstance(widget, forms.MultiWidget):
        return [f"{name}{suffix}" for suffix in widget.widgets_names]  # type: ignore[attr-defined]  # not in the stubs
    return [name]


def _inner(widget: Any) -> Any:
    """Return the widget inside Django's frame with links to the related row."""
    return getattr(widget, "widget", widget)


def _inputs(widget: forms.Widget, name: str, value: Any) -> Inputs:
    widget = _inner(widget)
    if isinstance(widget, forms.MultiWidget):
        pieces = value if isinstance(value, list | tuple) else widget.decompress(value)
        pieces = pieces or [None] * len(widget.widgets)
        parts = zip(widget.widgets, input_names(widget, name), pieces, strict=True)
        return {key: texts for part, own, piece in parts for key, texts in _inputs(part, own, piece).items()}
    if isinstance(widget, forms.CheckboxInput):
        # An unmarked box sends nothing.
        return {name: ["on"]} if widget.check_test(value) else {}
    shown = widget.format_value(value)
    texts = [str(each) for each in shown] if isinstance(shown, list | tuple) else [str(shown)] if shown else []
    # An empty input is sent as an empty text, an empty choice of several not at all.
    several = isinstance(widget, forms.SelectMultiple)
    return {name: texts or [""]} if not several or texts else {}
