"""Keyset pagination: each page starts where the previous one ended, even if rows are added or removed.

There is no COUNT and no OFFSET, so the thousandth page costs as much as the first. A cursor holds the
last row's values of the ordering fields and its id. It is signed, so callers cannot forge one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param

from lad.api.renderers import RenderedResponse, to_json
from lad.db.models import LadModel
from lad.errors import Invalid
from lad.limits import MAX_PAGE_BYTES

if TYPE_CHECKING:
    from rest_framework.views import APIView

CURSOR: Final = "cursor"
PAGE_SIZE: Final = "page_size"
MAX_PAGE_SIZE: Final = 200
SALT: Final = "lad.api.cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a list: the ordering, the values of the row there and the direction to read in."""

    order: tuple[str, ...]
    values: tuple[str | None, ...]
    backward: bool

    @classmethod
    def at(cls, row: object, order: tuple[str, ...], *, model: type[LadModel], backward: bool = False) -> "Cursor":
        """Return the position of a row of the model, which may be a named tuple of its columns."""
        return cls(order, tuple(_text(model, row, name.lstrip("-")) for name in order), backward)

    def encode(self) -> str:
        # Without a timestamp, equal positions give equal cursors and entity tags stay the same.
        return _signer().sign_object([list(self.order), list(self.values), self.backward], compress=True)

    @classmethod
    def decode(cls, text: str, *, order: tuple[str, ...]) -> "Cursor":
        """Return the cursor in ``text``. Raise Invalid if it is forged or belongs to another ordering."""
        try:
            made_in, values, backward = _signer().unsign_object(text)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise Invalid(errors={CURSOR: ["This cursor is not valid. Take it from `next` or `previous`."]}) from error
        if tuple(made_in) != order:
            raise Invalid(errors={CURSOR: ["This cursor belongs to another ordering. Start from the first page."]})
        return cls(order, tuple(values), backward)


class KeysetPagination(BasePagination):
    """Read ``?cursor=`` and ``?page_size=``; return ``next``, ``previous`` and ``results``."""

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        self.request = request
        self.model = queryset.model
        self.order = total_order(queryset)
        self.size = page_size(request.query_params.get(PAGE_SIZE))
        text = request.query_params.get(CURSOR)
        self.cursor = Cursor.decode(text, order=self.order) if text else None
        backward = bool(self.cursor and self.cursor.backward)

        rows = queryset.order_by(*(reverse(name) if backward else name for name in self.order))
        if self.cursor is not None:
            rows = rows.filter(after(queryset.model, self.order, self._values(queryset), backward=backward))
        found = list(rows[: self.size + 1])
        more, page = len(found) > self.size, found[: self.size]
        self.page = page[::-1] if backward else page
        # Reading backward, the caller came from a next page, and the extra row means there is a previous one.
        self.has_next = True if backward else more
        self.has_previous = more if backward else self.cursor is not None
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        shown = self._document(data)
        content = to_json(shown)
        if len(content) > MAX_PAGE_BYTES and len(data) > 1:
            shown = self._document(self._fitting(data))
            content = to_json(shown)
        return RenderedResponse(shown, content)

    def _document(self, data: Any) -> dict[str, Any]:
        return {
            "next": self._link(self.page[-1:], backward=False) if self.has_next else None,
            "previous": self._link(self.page[:1], backward=True) if self.has_previous else None,
            "results": data,
        }

    def _fitting(self, data: Sequence[Any]) -> Sequence[Any]:
        """Return the rows that fit into an answer, beginning at the cursor, and end the page there."""
        backward = bool(self.cursor and self.cursor.backward)
        count = size = 0
        for row in reversed(data) if backward else data:
            size += len(to_json(row))
            if count and size > MAX_PAGE_BYTES:
                break
            count += 1
        if backward:
            self.page, self.has_previous = self.page[-count:], True
            return data[-count:]
        self.page, self.has_next = self.page[:count], True
        return data[:count]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The next page, or null on the last."},
                "previous": {**link, "description": "The previous page, or null on the first."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        return [
            {
                "name": CURSOR,
                "in": "query",
                "required": False,
                "description": "Where the page starts, taken from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": PAGE_SIZE,
                "in": "query",
                "required": False,
                "description": "Rows on a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_PAGE_SIZE,
                    "default": api_settings.PAGE_SIZE,
                },
            },
        ]

    def _values(self, queryset: QuerySet) -> list[Any]:
        assert self.cursor is not None
        return [
            None if value is None else _column_type(queryset.model, name.lstrip("-")).to_python(value)
            for name, value in zip(self.order, self.cursor.values, strict=True)
        ]

    def _link(self, edge: Sequence[Any], *, backward: bool) -> str:
        url = self.request.build_absolute_uri()
        if not edge:
            # All rows after the cursor are gone, so link to the first page.
            return str(remove_query_param(url, CURSOR))
        position = Cursor.at(edge[0], self.order, model=self.model, backward=backward)
        return str(replace_query_param(url, CURSOR, position.encode()))


def first_page(queryset: QuerySet, size: int) -> tuple[list[Any], str | None]:
    """Return the first rows of an ordered queryset and, if there are more, the cursor of the next page."""
    order = total_order(queryset)
    found = list(queryset.order_by(*order)[: size + 1])
    page = found[:size]
    return page, Cursor.at(page[-1], order, model=queryset.model).encode() if len(found) > size else None


def _column_type(model: type[LadModel], name: str) -> Any:
    """Return the field that reads the column: of a generated column the type of its result."""
    field = model._meta.get_field(name)
    return getattr(field, "output_field", field)


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)


def _text(model: type[LadModel], row: object, name: str) -> str | None:
    field: Any = model._meta.get_field(name)
    value = field.value_from_object(row)
    return None if value is None else field.value_to_string(row)


def page_size(text: str | None) -> int:
    """Return the requested page size. Raise Invalid if it is not a number from 1 to MAX_PAGE_SIZE."""
    if not text:
        return int(api_settings.PAGE_SIZE or MAX_PAGE_SIZE)
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE_SIZE)) and 1 <= int(text) <= MAX_PAGE_SIZE
    ):
        raise Invalid(errors={PAGE_SIZE: [f"Enter a whole number from 1 to {MAX_PAGE_SIZE}."]})
    return int(text)


def total_order(queryset: QuerySet) -> tuple[str, ...]:
    """Return the queryset's ordering with the primary key added, in the direction of the last field."""
    names = [name for name in queryset.query.order_by if isinstance(name, str)]
    order = tuple(name for name in names if name.lstrip("-") != "pk")
    key = queryset.model._meta.pk.name
    if key in {name.lstrip("-") for name in order}:
        return order
    downwards = not order or order[-1].startswith("-")
    return (*order, f"-{key}" if downwards else key)


def reverse(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def after(model: type[LadModel], order: Sequence[str], values: Sequence[Any], *, backward: bool) -> Q:
    """Return the condition for rows after a position, or before it if ``backward``. Nulls sort as in PostgreSQL.

    The bound on the first field lets an index find the position; the rest decides among equal values.
    """
    beyond, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, values, strict=True):
        step = _beyond(model, name.lstrip("-"), value, downwards=name.startswith("-") != backward)
        beyond |= equal & step
        equal &= Q(**{f"{name.lstrip('-')}__isnull": True}) if value is None else Q(**{name.lstrip("-"): value})
    if values[0] is None:
        return beyond
    bound = _beyond(
        model, order[0].lstrip("-"), values[0], downwards=order[0].startswith("-") != backward, inclusive=True
    )
    return bound & beyond


def _beyond(model: type[LadModel], field: str, value: object, *, downwards: bool, inclusive: bool = False) -> Q:
    # Nulls come last in ascending order and first in descending order.
    if value is None:
        return Q(**{f"{field}__isnull": False}) if downwards else Q(pk__in=[])
    comparison = ("lt" if downwards else "gt") + ("e" if inclusive else "")
    beyond = Q(**{f"{field}__{comparison}": value})
    if not downwards and _column_type(model, field).null:
        beyond |= Q(**{f"{field}__isnull": True})
    return beyond
