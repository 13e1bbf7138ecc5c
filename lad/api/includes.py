"""Nested reads: ``GET /leads/<id>/?include=notes,bookings`` returns a row with rows that belong to it.

Each include is the first page of the child's own list, filtered by the row. The child's fields, order,
rights and feature apply, and ``next`` continues in that list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from rest_framework.request import Request

from lad.api.pagination import CURSOR, first_page
from lad.api.permissions import HasRight
from lad.db.models import LadModel
from lad.errors import Invalid, NotAllowed

INCLUDE: Final = "include"
MAX_ROWS_INCLUDED: Final = 25


@dataclass(frozen=True, slots=True)
class Include:
    """Child rows that can be returned with a row.

    ``field`` is the child's key to the row. ``single`` says whether a row has at most one such child.
    ``find`` returns the child's resource, which may be registered after the parent.
    """

    name: str
    field: str
    single: bool
    find: Callable[[], Any]

    @property
    def resource(self) -> Any:
        """The child's resource."""
        return self.find()

    def of(self, row: LadModel, request: Request) -> Any:
        """Return the children that the caller may see: an object or null, or the first page of their list.

        Raise NotAllowed, naming the include, if the caller may not list them.
        """
        view = self._view(request)
        with self._named():
            HasRight().has_permission(request, view)
        rows = view.get_queryset().filter(**{self.field: row.pk}).order_by(*view.order[:1])
        found, cursor = first_page(rows, 1 if self.single else MAX_ROWS_INCLUDED)
        shown = list(view.get_serializer(found, many=True).data)
        if self.single:
            return shown[0] if shown else None
        return {"results": shown, "next": cursor and self._link(row, request, cursor)}

    def _view(self, request: Request) -> Any:
        """Return the child's view, prepared as for a call of its list."""
        view = self.resource.viewset()
        view.request, view.args, view.kwargs = request, (), {}
        view.action, view.format_kwarg = "list", None
        return view

    def _link(self, row: LadModel, request: Request, cursor: str) -> str:
        query = urlencode({self.field: row.pk, CURSOR: cursor})
        return str(request.build_absolute_uri(f"{self.resource.url}?{query}"))

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except NotAllowed as error:
            error.detail = f"{self.name} cannot be included. {error.detail}"
            error.extra[INCLUDE] = self.name
            raise


def make_includes(
    parent: type[LadModel], children: Mapping[str, Any], find: Callable[[Any], Any]
) -> dict[str, Include]:
    """Return the declared includes by name, which is the parent's accessor of the child's rows.

    Raise ImproperlyConfigured if the child has no key with that related name to the parent.
    """
    known = {(each.get_accessor_name(), each.related_model): each.field for each in parent._meta.related_objects}
    includes = {}
    for name, child in children.items():
        if (name, child) not in known:
            raise ImproperlyConfigured(
                f"{child._meta.label} has no key to {parent._meta.label} with related_name={name!r}."
            )
        field = known[name, child]
        includes[name] = Include(name, field.name, _at_most_one(child, field), partial(find, child))
    return includes


def requested_includes(request: Request, includes: Mapping[str, Include]) -> list[Include]:
    """Return the includes that the query names. Raise Invalid for an unknown one."""
    names = [name.strip() for name in ",".join(request.query_params.getlist(INCLUDE)).split(",")]
    names = [name for name in dict.fromkeys(names) if name]
    if not set(names) <= set(includes):
        raise Invalid(errors={INCLUDE: [f"Name some of these, separated by commas: {', '.join(sorted(includes))}."]})
    return [includes[name] for name in names]


def parameter(names: Iterable[str]) -> dict[str, Any]:
    """Return the OpenAPI description of the query parameter."""
    items = {"type": "string", "enum": sorted(names)}
    return {
        "name": INCLUDE,
        "in": "query",
        "required": False,
        "description": "Rows that belong to this one and are returned with it.",
        "schema": {"type": "array", "items": items, "uniqueItems": True},
        "explode": False,
        "style": "form",
    }


def schema_of(include: Include, row: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the include in the response, given the schema of the child's rows."""
    if include.single:
        return {"allOf": [row], "nullable": True}
    link = {"type": "string", "format": "uri", "nullable": True}
    return {
        "type": "object",
        "required": ["next", "results"],
        "properties": {
            "next": {**link, "description": "The next page of their list, or null if these are all."},
            "results": {"type": "array", "items": row},
        },
    }


def _at_most_one(child: type[LadModel], field: models.Field) -> bool:
    """Return whether a unique key allows a parent only one child that is not deleted."""
    if field.unique:
        return True
    tenant = child.tenancy.field
    return any(
        set(constraint.fields) - {tenant} == {field.name}
        and constraint.condition in (None, models.Q(deleted_at__isnull=True))
        for constraint in child._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
    )
