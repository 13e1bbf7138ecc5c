"""Template tags of the admin."""

from typing import Any

from django import template
from unfold.templatetags.unfold_list import result_headers

from lad.admin.cells import rows_html

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
