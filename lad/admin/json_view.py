"""JSON as people read it: names beside values, short lists as chips, nested data indented."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Deeper than this nobody follows a table; longer lists and texts are cut with a word on how much is missing.
DEEPEST: Final = 6
MOST_ITEMS: Final = 200
LONGEST_TEXT: Final = 5_000
LONGEST_CHIP: Final = 120


def json_view(value: Any) -> SafeString:
    """The value laid out for reading; order of keys as they are stored."""
    if value in (None, {}, [], ""):
        return _nothing()
    return format_html('<div class="lad-json-tree">{}</div>', _shown(value, depth=0))


def chips(values: Iterable[Any]) -> SafeString:
    """Short values side by side."""
    listed = list(values)
    if not listed:
        return _nothing()
    inside = format_html_join("", '<span class="lad-chip">{}</span>', ((_text(each),) for each in listed[:MOST_ITEMS]))
    return format_html('<div class="lad-chips">{}{}</div>', inside, _more(len(listed)))


def _shown(value: Any, *, depth: int) -> SafeString:
    if isinstance(value, dict | list) and depth >= DEEPEST:
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
        ((name, _shown(each, depth=depth + 1)) for name, each in list(value.items())[:MOST_ITEMS]),
    )
    return format_html('<dl class="lad-json-rows">{}</dl>{}', rows, _more(len(value)))


def _list(value: list[Any], *, depth: int) -> SafeString:
    items = format_html_join(
        "", '<li class="lad-json-item">{}</li>', ((_shown(each, depth=depth + 1),) for each in value[:MOST_ITEMS])
    )
    return format_html('<ol class="lad-json-items">{}</ol>{}', items, _more(len(value)))


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) and value not in (None, "") and len(str(value)) <= LONGEST_CHIP


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"


def _more(count: int) -> SafeString:
    return format_html('<span class="lad-hint">and {} more</span>', count - MOST_ITEMS) if count > MOST_ITEMS else _no()


def _nothing() -> SafeString:
    return format_html('<span class="text-subtle">{}</span>', "–")


def _no() -> SafeString:
    return SafeString("")
