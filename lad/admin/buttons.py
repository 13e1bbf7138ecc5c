"""Buttons as HTML, as unfold's template shows them. Each of those takes a hundred template nodes."""

from collections.abc import Mapping
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from lad.admin.escaping import escaped
from lad.admin.widget_html import attributes

_CLASSES: Final = (
    "font-medium inline-flex group items-center gap-1 relative rounded-default justify-center whitespace-nowrap"
)
_SIZES: Final = {
    "lg": "gap-2 px-5.5 py-3 text-[15px]",
    "md": "px-5 py-2.5 text-[14px]",
    "sm": "px-2.5 py-1.5",
    "xs": "px-2 py-1",
}
_NORMAL_SIZE: Final = "px-3 py-2"
# The classes of each variant, and those it has while it can be clicked.
_VARIANTS: Final = {
    "default": (
        "border border-base-200 bg-white shadow-xs text-important dark:border-base-700 dark:bg-transparent",
        "hover:bg-base-100/80 dark:hover:bg-base-800/80",
    ),
    "ghost": (
        "border border-transparent bg-transparent text-important",
        "hover:bg-base-100/80 dark:hover:bg-base-800/80",
    ),
    "secondary": (
        "bg-base-100 border border-transparent text-important dark:bg-base-800",
        "hover:bg-base-100/80 dark:hover:bg-base-800/80",
    ),
    "danger": ("border border-red-600 bg-red-600 border-transparent text-white", "hover:bg-red-600/80"),
}
_PRIMARY: Final = (
    "border border-base-200 bg-primary-600 border-transparent text-white",
    "hover:bg-primary-600/80",
)
_PLAIN_ATTRIBUTES: Final = ("form", "name", "value", "title")


def button_html(settings: Mapping[str, object]) -> SafeString:
    """Return a button, or a link that looks like one if ``settings`` have an ``href``. Values are escaped."""
    given = settings.get("attrs")
    attrs: Mapping[str, object] = given if isinstance(given, Mapping) else {}
    tag, first = "button", ""
    if settings.get("href"):
        tag, first = "a", f' href="{escaped(settings["href"])}"'
    if settings.get("submit"):
        first += ' type="submit"'
    first += "".join(f' {name}="{escaped(settings[name])}"' for name in _PLAIN_ATTRIBUTES if settings.get(name))
    icon = ""
    if settings.get("icon"):
        margin = "-ml-2" if settings.get("size") == "lg" else "-ml-0.5"
        icon = f'<span class="material-symbols-outlined {margin}">{escaped(settings["icon"])}</span> '
    extra = f" {escaped(settings['extra_attrs'])}" if settings.get("extra_attrs") else ""
    return mark_safe(  # noqa: S308  (escaped)
        f'<{tag}{first}{attributes(attrs)} class="{_classes(settings, disabled=bool(attrs.get("disabled")))}"{extra}>'
        f"{icon}{escaped(settings.get('children') or '')}</{tag}>"
    )


def _classes(settings: Mapping[str, object], *, disabled: bool) -> str:
    variant, clickable = _VARIANTS.get(str(settings.get("variant") or ""), _PRIMARY)
    state = "cursor-not-allowed opacity-50" if disabled else "cursor-pointer"
    size = _SIZES.get(str(settings.get("size") or ""), _NORMAL_SIZE)
    names = [
        _CLASSES,
        state,
        size,
        variant,
        "" if disabled else clickable,
        escaped(settings.get("class") or ""),
    ]
    return " ".join(name for name in names if name)
