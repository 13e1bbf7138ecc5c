"""The commonest form templates as Python: a page of forms renders a hundred, and a template takes ten times as long."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe

from lad.admin.escaping import escaped
from lad.admin.shortening import SHOWN_LENGTH
from lad.texts import cut
from lad.times import zone_name, zone_title

Context = Mapping[str, Any]

# What may stand beside the input in unfold's text widget.
_DECORATIONS: Final = ("prefix", "prefix_icon", "suffix", "suffix_icon")
_OPTION: Final = "django/forms/widgets/select_option.html"
_ARROW: Final = (
    "material-symbols-outlined absolute group-[.primary]:text-white pointer-events-none mr-[12px] right-0 text-base-400"
    " top-0 top-1/2 hover:text-base-700 dark:text-base-500 dark:hover:text-base-200 -translate-y-1/2"
)

_JSON_BEFORE: Final = '<div class="lad-json-editor"><div class="lad-json-panes"><div>'
_JSON_AFTER: Final = (
    '<div class="lad-json-bar" aria-live="polite"><button type="button" class="lad-json-state"></button>'
    '<button type="button" class="lad-link lad-right lad-json-format">Format</button></div></div>'
    '<div class="lad-json-preview" hidden></div></div></div>'
)


def rendered(template_name: str, context: Context) -> SafeString | None:
    """Return what the template would render, or None if that takes the template."""
    render = _RENDERERS.get(template_name)
    return render(context) if render is not None else None


def attributes(values: Mapping[str, Any]) -> str:
    """Return HTML attributes. True gives one without a value, False none."""
    return "".join(
        f" {escaped(name)}" if value is True else f' {escaped(name)}="{escaped(value)}"'
        for name, value in values.items()
        if value is not False
    )


def _input(context: Context) -> SafeString:
    widget = context["widget"]
    value = "" if widget["value"] is None else f' value="{escaped(widget["value"])}"'
    return mark_safe(  # noqa: S308  (escaped)
        f'<input type="{escaped(widget["type"])}" name="{escaped(widget["name"])}"{value}{attributes(widget["attrs"])}>'
    )


def _text_input(context: Context) -> SafeString | None:
    if any(context["widget"].get(name) for name in _DECORATIONS):
        return None
    return mark_safe(f'<div class="max-w-2xl relative w-full">{_input(context)}</div>')  # noqa: S308  (escaped)


def _moment_input(context: Context) -> SafeString:
    return mark_safe(f'<div class="lad-moment-part">{_input(context)}</div>')  # noqa: S308  (escaped)


def _url_input(context: Context) -> SafeString:
    link = ""
    if context["url_valid"]:
        href, value = escaped(context["widget"]["href"]), escaped(context["widget"]["value"])
        link = (
            f'<p class="text-xs">{escaped(context["current_label"])} '
            f'<a href="{href}" class="text-primary-600 dark:text-primary-500">{value}</a></p>'
        )
    return mark_safe(f'<div class="flex flex-col gap-2">{_input(context)}{link}</div>')  # noqa: S308  (escaped)


def _textarea(context: Context) -> SafeString:
    widget = context["widget"]
    value = escaped(widget["value"]) if widget["value"] else ""
    return mark_safe(  # noqa: S308  (escaped)
        f'<textarea name="{escaped(widget["name"])}"{attributes(widget["attrs"])}>{value}</textarea>'
    )


def _json_editor(context: Context) -> SafeString:
    return mark_safe(f"{_JSON_BEFORE}{_textarea(context)}{_JSON_AFTER}")  # noqa: S308  (escaped)


def _split_datetime(context: Context) -> SafeString | None:
    parts = [rendered(each["template_name"], {"widget": each}) for each in context["widget"]["subwidgets"]]
    if None in parts:
        return None
    return mark_safe(f'<div class="datetime lad-moment">{"".join(map(str, parts))}{zone_html()}</div>')  # noqa: S308  (escaped)


def _local_datetime(context: Context) -> SafeString:
    return mark_safe(f'<div class="lad-moment">{_moment_input(context)}{zone_html()}</div>')  # noqa: S308  (escaped)


def zone_html() -> str:
    """Return the name of the current time zone, to stand beside times."""
    return f'<span class="lad-zone" title="{escaped(zone_name())}">{escaped(zone_title())}</span>'


def _select(context: Context) -> SafeString | None:
    select = _plain_select(context)
    if select is None:
        return None
    return mark_safe(  # noqa: S308  (escaped)
        f'<div class="grow relative max-w-2xl">{select}<span class="{_ARROW}">expand_more</span></div>'
    )


def _plain_select(context: Context) -> SafeString | None:
    widget = context["widget"]
    if any(option["template_name"] != _OPTION for _name, group, _index in widget["optgroups"] for option in group):
        return None
    options = "".join(
        _group(name, "".join(_option(option) for option in group)) for name, group, _index in widget["optgroups"]
    )
    return mark_safe(  # noqa: S308  (escaped)
        f'<select name="{escaped(widget["name"])}"{attributes(widget["attrs"])}>{options}</select>'
    )


def _group(name: Any, options: str) -> str:
    return f'<optgroup label="{escaped(name)}">{options}</optgroup>' if name else options


def _option(option: Mapping[str, Any]) -> str:
    label = cut(option["label"], SHOWN_LENGTH)
    return f'<option value="{escaped(option["value"])}"{attributes(option["attrs"])}>{escaped(label)}</option>'


def _label(context: Context) -> SafeString:
    if not context["use_tag"]:
        return mark_safe(escaped(context["label"]))  # noqa: S308  (escaped)
    tag, label = escaped(context["tag"]), escaped(context["label"])
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
    "django/forms/widgets/checkbox.html": _input,
    "django/forms/widgets/email.html": _input,
    "django/forms/widgets/number.html": _input,
    "django/forms/widgets/select.html": _plain_select,
    "lad/admin/json_editor.html": _json_editor,
    "lad/admin/local_datetime.html": _local_datetime,
    "unfold/widgets/date.html": _moment_input,
    "unfold/widgets/split_datetime.html": _split_datetime,
    "unfold/widgets/text.html": _text_input,
    "unfold/widgets/textarea.html": _textarea,
    "unfold/widgets/time.html": _moment_input,
    "unfold/widgets/url.html": _url_input,
    "unfold/widgets/select.html": _select,
    "django/forms/label.html": _label,
    "django/forms/errors/list/ul.html": _errors,
    "django/forms/errors/list/default.html": _errors,
    "django/forms/div.html": _form,
}
