"""Format JSON for reading: names beside values, short lists as chips, nested data indented."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Deeper values are shown as plain JSON. Longer lists and texts are cut, with a note on what is missing.
MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 200
MAX_TEXT_LENGTH: Final = 5_000
MAX_CHIP_LENGTH: Final = 120


def json_view(value: object) -> SafeString:
    """Return the value as HTML. Keys keep their stored order."""
    if value in (None, {}, [], ""):
        return _nothing()
    return format_html('<div class="lad-json-tree">{}</div>', _shown(value, depth=0))


def chips(values: Iterable[Any]) -> SafeString:
    """Return short values as chips, side by side."""
    listed = list(values)
    if not listed:
        return _nothing()
    inside = format_html_join("", '<span class="lad-chip">{}</span>', ((_text(each),) for each in listed[:MAX_ITEMS]))
    return format_html('<div class="lad-chips">{}{}</div>', inside, _more(len(listed)))


def _shown(value: object, *, depth: int) -> SafeString:
    if isinstance(value, dict | list) and depth >= MAX_DEPTH:
        return format_html('<pre class="lad-json-view">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))
    if isinstance(value, dict):
        return _table(value, depth=depth)
    if isinstance(value, list):
        return chips(value) if all(_is_short(each) for each in value) else _list(value, depth=depth)
    if value in (None, ""):
        return _nothing()
    return format_html('<span class="lad-json-{}">{}</span>', type(value).__name__, _text(value))


def _table(value: Mapping[str, Any], *, depth: int) -> SafeString:
    if not value:
        return _nothing()
    rows = format_html_join(
        "",
        '<div class="lad-json-row"><dt>{}</dt><dd>{}</dd></div>',
        ((name, _shown(each, depth=depth + 1)) for name, each in list(value.items())[:MAX_ITEMS]),
    )
    return format_html('<dl class="lad-json-rows">{}</dl>{}', rows, _more(len(value)))


def _list(value: list[Any], *, depth: int) -> SafeString:
    items = format_html_join(
        "", '<li class="lad-json-item">{}</li>', ((_shown(each, depth=depth + 1),) for each in value[:MAX_ITEMS])
    )
    return format_html('<ol class="lad-json-items">{}</ol>{}', items, _more(len(value)))


def _is_short(value: object) -> bool:
    return not isinstance(value, dict | list) and value not in (None, "") and len(str(value)) <= MAX_CHIP_LENGTH


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[:MAX_TEXT_LENGTH]}… ({len(text):,} characters)"


def _more(count: int) -> SafeString:
    return format_html('<span class="lad-hint">and {} more</span>', count - MAX_ITEMS) if count > MAX_ITEMS else _no()


def _nothing() -> SafeString:
    return format_html('<span class="text-subtle">{}</span>', "–")


def _no() -> SafeString:
    return SafeString("")
