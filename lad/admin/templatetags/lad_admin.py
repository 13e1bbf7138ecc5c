"""Template tags of the admin."""

from typing import Any, Final

from django import template
from django.contrib.admin.utils import flatten
from django.template import Context
from django.template.defaultfilters import slugify
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.templatetags.unfold_list import result_headers

from lad.admin.buttons import button_html
from lad.admin.cells import name_of, shows_time, table_of
from lad.admin.field_html import fieldset_rows
from lad.admin.inline_html import inline_html
from lad.admin.shortening import SHOWN_LENGTH
from lad.admin.titles import title_html
from lad.labels import in_words
from lad.texts import cut
from lad.times import zone_name, zone_title

register = template.Library()

FILTERED_HINT: Final = "Change the search or the filters, or show all."
ADD_HINT: Final = "Add the first one."
LATER_HINT: Final = "They appear here by themselves, once there is something to show."
# unfold's name of the tab with the row's own fields.
GENERAL: Final = "general"


@register.inclusion_tag("lad/admin/result_list.html")
def lad_result_list(changelist: Any) -> dict[str, Any]:
    """Show the headers and rows of a list."""
    headers, table = list(result_headers(changelist)), table_of(changelist)
    for index, (name, header) in enumerate(zip(changelist.list_display, headers, strict=True)):
        if name_of(name, index) in table.numbers:
            header["class_attrib"] = format_html("{} lad-number", header["class_attrib"])
        if shows_time(changelist.model_admin, changelist.model, name):
            header["text"] = format_html(
                '{} <small class="lad-zone" title="{}">{}</small>', capfirst(header["text"]), zone_name(), zone_title()
            )
    return {
        "cl": changelist,
        "result_headers": headers,
        "num_sorted_fields": sum(1 for header in headers if header["sortable"] and header["sorted"]),
        "rows": table.rows,
    }


@register.simple_tag
def lad_fieldset_rows(fieldset: Any) -> SafeString:
    """Show the lines of a fieldset."""
    return fieldset_rows(fieldset)


@register.simple_tag
def lad_error_count(fieldset: Any) -> int:
    """Return the number of errors of the fields in a section."""
    errors = fieldset.form.errors if fieldset.form.is_bound else {}
    return sum(len(errors.get(name, ())) for name in flatten(fieldset.fields))


@register.simple_tag(takes_context=True)
def lad_tab_with_errors(context: Context) -> str:
    """Return the name of the first tab with errors, or an empty string."""
    form, inlines = context["adminform"].form, context.get("inline_admin_formsets") or ()
    if not form.is_bound:
        return ""
    if form.errors:
        return GENERAL
    first = next((inline for inline in inlines if inline.error_count), None)
    if first is None:
        return ""
    return slugify(first.formset.prefix) if first.opts.tab else GENERAL


@register.simple_tag(takes_context=True)
def lad_inline(context: Context, inline: Any) -> SafeString:
    """Show an inline."""

    def pages() -> str:
        shown = {"inline_admin_formset": inline}
        return render_to_string("unfold/helpers/pagination_inline.html", shown, context["request"])

    return inline_html(inline, last=context["forloop"]["last"], pages=pages)


@register.filter(name="cut")
def cut_text(text: object) -> str:
    """Show a text on one line, with an ellipsis if it is long."""
    return cut(text, SHOWN_LENGTH)


register.filter("in_words", in_words)


@register.simple_tag(takes_context=True)
def lad_title(context: Context) -> SafeString:
    """Show the title of the page, and the way to it."""
    return title_html(context.flatten())  # type: ignore[arg-type]


@register.inclusion_tag("lad/admin/empty_list.html", takes_context=True)
def lad_empty_list(context: Context) -> dict[str, Any]:
    """Say why a list has no rows, and what to do about it."""
    changelist: Any = context["cl"]
    model_admin, name = changelist.model_admin, str(changelist.opts.verbose_name_plural)
    add_url = f"admin:{changelist.opts.app_label}_{changelist.opts.model_name}_add"
    addable = not changelist.is_popup and model_admin.has_add_permission(changelist.request)
    filtered = bool(changelist.query or changelist.has_active_filters)
    return {
        "icon": "search_off" if filtered else model_admin.icon,
        "title": f"No {name} match" if filtered else f"No {name} yet",
        "hint": FILTERED_HINT if filtered else model_admin.empty_hint or (ADD_HINT if addable else LATER_HINT),
        "filtered": filtered,
        "popup": changelist.is_popup,
        "add_url": reverse(add_url) if addable and not filtered else "",
        "add_title": f"Add {changelist.opts.verbose_name}",
    }


@register.simple_tag(takes_context=True)
def lad_button(context: Context) -> SafeString:
    """Show the button that the context describes."""
    settings: dict[Any, Any] = context.flatten()
    return button_html(settings)
