"""Template tags of the admin."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.templatetags.unfold_list import result_headers

from lad.admin.cells import rows_html
from lad.admin.field_html import fieldset_rows, inline_cells, inline_headings

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


@register.simple_tag
def lad_inline_headings(inline: Any) -> SafeString:
    """Show the headings of an inline."""
    return inline_headings(inline)


@register.simple_tag
def lad_inline_cells(inline_form: Any) -> SafeString:
    """Show the cells of an inline's row."""
    existing = inline_form.original is not None
    drag = ""
    if inline_form.model_admin.ordering_field:
        context = {
            "inline_admin_formset": {"opts": inline_form.model_admin},
            "inline_admin_form": inline_form,
            "tabular": 1,
        }
        drag = render_to_string("unfold/helpers/edit_inline/inline_drag.html", context)
    fields = (field for fieldset in inline_form for line in fieldset for field in line)
    return inline_cells(fields, existing=existing, drag=drag)
