"""Describe the entry points of a table: its API resource and its admin pages."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from lad.admin.base import LadModelAdmin
from lad.api import router
from lad.api.permissions import required_right
from lad.db.models import LadModel
from tools.documentation.markup import code, codes, sentence, table
from tools.documentation.registries import resource_of

_CALLS: Final = {
    "list": ("GET", "", "list them"),
    "retrieve": ("GET", "<id>/", "read one"),
    "create": ("POST", "", "create one"),
    "update": ("PUT, PATCH", "<id>/", "change one"),
    "delete": ("DELETE", "<id>/", "delete one"),
}
_METHODS: Final = {
    "list": "GET",
    "retrieve": "GET",
    "create": "POST",
    "update": "PUT",
    "delete": "DELETE",
}


def api(model: type[LadModel]) -> list[str]:
    """Return the calls with the right that each needs, then the list parameters and the read-only fields."""
    resource = resource_of(model)
    if resource is None:
        return ["Not in the API."]
    feature = f", with the feature {code(resource.feature)}" if resource.feature else ""
    return [
        f"{code(resource.url)}, area {code(resource.area)}{feature}.",
        "",
        *table(("call", "what it does", "right"), _calls(resource)),
        *(f"- {line}" for line in _list_options(resource)),
    ]


def admin_pages(model: type[LadModel]) -> list[str]:
    """Return the place in the sidebar, who may do what there, and what the pages offer."""
    page: Any = admin.site._registry.get(model)
    lines = [f"- {line}" for line in _admin(page)] if page is not None else ["Not in the admin."]
    shown_with = sorted(
        each.model._meta.db_table
        for each in admin.site._registry.values()
        if any(getattr(inline, "model", None) is model for inline in each.inlines)
    )
    if shown_with:
        lines.append(f"- Also shown on the pages of {codes(shown_with)}.")
    return lines


def _calls(resource: router.Resource) -> Iterator[tuple[str, ...]]:
    for name in resource.methods:
        verbs, path, does = _CALLS[name]
        action = {"update": "update", "delete": "destroy"}.get(name, name)
        yield code(f"{verbs} {resource.url}{path}"), does, _right(resource, action, _METHODS[name])
    actions: list[Any] = [*resource.viewset.get_extra_actions()]
    for each in sorted(actions, key=lambda each: str(each.__name__)):
        address = f"{resource.url}{'<id>/' if each.detail else ''}{each.url_path}/"
        for verb in each.mapping:
            yield (
                code(f"{verb.upper()} {address}"),
                _summary(resource, each, verb.upper()),
                _right(resource, each.__name__, verb.upper()),
            )


def _right(resource: router.Resource, action: str, method: str) -> str:
    view = resource.viewset()
    view.action = action
    return code(required_right(view, method) or "")


def _summary(resource: router.Resource, action: Any, method: str) -> str:
    """Return a method's summary in the OpenAPI document, or the first sentence of the action's docstring."""
    described = action.kwargs.get("schema")
    if described is None:
        return sentence(action.__doc__ or "").rstrip(".")
    view: Any = resource.viewset()
    view.request, view.kwargs = None, {}
    schema = described()
    schema._view, schema.method = view, method
    return str(schema.get_summary() or sentence(action.__doc__ or "")).rstrip(".")


def _list_options(resource: router.Resource) -> Iterator[str]:
    extra = [*resource.viewset.extra_filters]
    if resource.filters or extra:
        yield f"Filters: {codes([*resource.filters, *extra])}."
    yield f"Orders: {codes(resource.order)}, the first by default."
    if resource.viewset.includes:
        yield f"`?include=` adds {codes(sorted(resource.viewset.includes))} to a row."
    fields = resource.serializer().fields
    hidden = sorted({each.name for each in resource.model._meta.concrete_fields} - set(fields))
    if set(resource.methods) & {"create", "update"}:
        fixed = [name for name, each in fields.items() if each.read_only]
        yield f"Read-only: {codes(fixed)}."
        written = [name for name, each in fields.items() if each.write_only]
        if written:
            yield f"Write-only: {codes(written)}."
    if hidden:
        yield f"Not in the API: {codes(hidden)}."


def _admin(page: LadModelAdmin) -> Iterator[str]:
    options = page.opts
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    title = f"{page.section} › {capfirst(options.verbose_name_plural)}"
    area = f", area {code(page.area)}" if page.area else ""
    yield f"{title}, {code(address)}{area}. {_access_note(page)}"
    searched = [name.partition(LOOKUP_SEP)[0] if "__" in name else name for name in _search(page)]
    if searched:
        yield f"Search by {codes(dict.fromkeys(searched))} or an id."
    actions = [
        str(getattr(getattr(page, name, None), "short_description", name)) for name in map(str, page.actions_detail)
    ]
    if actions:
        yield f"Actions on a row: {', '.join(actions)}."
    inlines = sorted(inline.model._meta.db_table for inline in page.inlines)
    if inlines:
        yield f"Its page also shows {codes(inlines)}."


def _search(page: LadModelAdmin) -> list[str]:
    return [name for name in page.get_search_fields(HttpRequest()) if not name.startswith("id")]


def _access_note(page: LadModelAdmin) -> str:
    if page.platform_only:
        seen = "Platform staff only"
    elif page.platform_writes:
        seen = "Tenants' staff view, platform staff write"
    else:
        seen = "Platform staff, and tenants' staff by their rights"
    return f"{seen}; read-only." if page.read_only else f"{seen}."
