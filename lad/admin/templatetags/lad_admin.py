"""Template tags of the admin."""

from typing import Any, Final

from django import template
from django.contrib.admin.utils import flatten
from django.template import Context
from django.template.defaultfilters import slugify
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.templatetags.unfold_list import result_headers

from lad.admin.buttons import button_html
from lad.admin.cells import rows_html
from lad.admin.field_html import fieldset_rows
from lad.admin.inline_html import inline_html

register = template.Library()

# unfold's name of the tab with the row's own fields.
GENERAL: Final = "general"


@register.inclusion_tag("lad/admin/result_list.html")
def lad_result_list(changelist: Any) -> dict[str, Any]:
    """Show the headers and rows of a list."""
    headers = list(result_headers(changelist))
    return {
        "cl": changelist,
        "result_headers": headers,
        "num_sorted_fields": sum(1 for header in headers if header["sortable"] and header["sorted"]),
        "rows": rows_html(changelist),
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


@register.simple_tag(takes_context=True)
def lad_button(context: Context) -> SafeString:
    """Show the button that the context describes."""
    settings: dict[Any, Any] = context.flatten()
    return button_html(settings)
