"""The commonest form templates as Python: a page of forms renders a hundred, and a template takes ten times as long."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Context = Mapping[str, Any]

# What may stand beside the input in unfold's text widget.
_DECORATIONS: Final = ("prefix", "prefix_icon", "suffix", "suffix_icon")
_OPTION: Final = "django/forms/widgets/select_option.html"
_ARROW: Final = (
    "material-symbols-outlined absolute group-[.primary]:text-white pointer-events-none mr-[12px] right-0 text-base-400"
    " top-0 top-1/2 hover:text-base-700 dark:text-base-500 dark:hover:text-base-200 -translate-y-1/2"
)


def rendered(template_name: str, context: Context) -> SafeString | None:
    """Return what the template would render, or None if that takes the template."""
    render = _RENDERERS.get(template_name)
    return render(context) if render is not None else None


def attributes(values: Mapping[str, Any]) -> str:
    """Return HTML attributes. True gives one without a value, False none."""
    return "".join(
        f" {conditional_escape(name)}" if value is True else f' {conditional_escape(name)}="{_text(value)}"'
        for name, value in values.items()
        if value is not False
    )


def _text(value: Any) -> str:
    return conditional_escape(str(value))


def _input(context: Context) -> SafeString:
    widget = context["widget"]
    value = "" if widget["value"] is None else f' value="{_text(widget["value"])}"'
    return mark_safe(  # noqa: S308  (escaped)
        f'<input type="{_text(widget["type"])}" name="{_text(widget["name"])}"{value}{attributes(widget["attrs"])}>'
    )


def _text_input(context: Context) -> SafeString | None:
    if any(context["widget"].get(name) for name in _DECORATIONS):
        return None
    return mark_safe(f'<div class="max-w-2xl relative w-full">{_input(context)}</div>')  # noqa: S308  (escaped)


def _select(context: Context) -> SafeString | None:
    widget = context["widget"]
    if any(option["template_name"] != _OPTION for _name, group, _index in widget["optgroups"] for option in group):
        return None
    options = "".join(
        _group(name, "".join(_option(option) for option in group)) for name, group, _index in widget["optgroups"]
    )
    return mark_safe(  # noqa: S308  (escaped)
        f'<div class="grow relative max-w-2xl"><select name="{_text(widget["name"])}"{attributes(widget["attrs"])}>'
        f'{options}</select><span class="{_ARROW}">expand_more</span></div>'
    )


def _group(name: Any, options: str) -> str:
    return f'<optgroup label="{_text(name)}">{options}</optgroup>' if name else options


def _option(option: Mapping[str, Any]) -> str:
    return f'<option value="{_text(option["value"])}"{attributes(option["attrs"])}>{_text(option["label"])}</option>'


def _label(context: Context) -> SafeString:
    if not context["use_tag"]:
        return conditional_escape(context["label"])
    tag, label = conditional_escape(context["tag"]), conditional_escape(context["label"])
    return mark_safe(f"<{tag}{attributes(context['attrs'] or {})}>{label}</{tag}>")  # noqa: S308  (escaped)


def _errors(context: Context) -> SafeString | None:
    return None if context["errors"] else SafeString("")


def _form(context: Context) -> SafeString | None:
    """Render a form of hidden fields, such as the one that counts the rows of an inline."""
    if context["fields"] or context["errors"]:
        return None
    return mark_safe("".join(str(field) for field in context["hidden_fields"]))  # noqa: S308  (rendered fields)


_RENDERERS: Final[Mapping[str, Callable[[Context], SafeString | None]]] = {
    "django/forms/widgets/input.html": _input,
    "django/forms/widgets/hidden.html": _input,
    "unfold/widgets/text.html": _text_input,
    "unfold/widgets/select.html": _select,
    "django/forms/label.html": _label,
    "django/forms/errors/list/ul.html": _errors,
    "django/forms/errors/list/default.html": _errors,
    "django/forms/div.html": _form,
}
