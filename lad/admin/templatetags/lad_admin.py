"""Template tags of the admin."""

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.templatetags.unfold_list import result_headers

from lad.admin.buttons import button_html
from lad.admin.cells import rows_html
from lad.admin.field_html import fieldset_rows
from lad.admin.inline_html import inline_html

register = template.Library()


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
