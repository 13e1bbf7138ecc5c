"""The title of a page, with the pages above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from lad.texts import cut

TITLE_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class Part:
    """A page in the path to the current one. The last part is the current page."""

    title: str
    link: str = ""


def parts_of(context: Mapping[str, Any]) -> list[Part]:
    """Return the path to the page that the context is of: its list, its row, and what is done to the row."""
    opts, title = context.get("opts"), str(context.get("title") or "")
    if not opts:
        return [Part(title)]
    name = f"admin:{opts.app_label}_{opts.model_name}"
    parts = [Part(str(capfirst(opts.verbose_name_plural)), reverse(f"{name}_changelist"))]
    row = context.get("original") or context.get("object")
    if row is not None and not isinstance(row, str):
        parts.append(Part(str(row), reverse(f"{name}_change", args=[row.pk])))
        if context.get("original") is None:
            parts.append(Part(_deed(context, title)))
    elif context.get("add") or context.get("cl") is None:
        parts.append(Part(title))
    return parts


def title_html(context: Mapping[str, Any]) -> SafeString:
    """Return the path as HTML. Long titles are cut; the whole stands in a hint."""
    *above, page = parts_of(context)
    links = format_html_join(
        "",
        '<a href="{}" title="{}">{}</a><span class="material-symbols-outlined" aria-hidden="true">chevron_right</span>',
        ((part.link, part.title, cut(part.title, TITLE_LENGTH)) for part in above),
    )
    return format_html(
        '<span class="lad-title">{}<span class="lad-title-page" title="{}">{}</span></span>',
        format_html('<span class="lad-title-path">{}</span>', links) if above else "",
        page.title,
        cut(page.title, TITLE_LENGTH),
    )


def _deed(context: Mapping[str, Any], title: str) -> str:
    """Return what the page does to the row."""
    if action := context.get("action"):
        return str(getattr(action, "title", action))
    return "History" if "entries" in context else title
