"""Files of any number of rows: each page is read in a scope of its own while the file is sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.db.models import QuerySet

from lad.tenancy.access import Access

PAGE: Final = 2_000

Line = TypeVar("Line")


def each_page(
    rows: QuerySet[Any], access: Access, convert: Callable[[Sequence[Any]], Iterable[Line]]
) -> Iterator[Line]:
    """Yield what ``convert`` makes of each page of the rows, the newest rows first.

    The request's scope has ended when a file is sent, and a slow reader must not keep a transaction open: so each
    page is read and converted in the caller's scope, before its first line is sent.
    """
    ordered = rows.order_by("-pk")
    page = ordered
    while found := _converted(page, access, convert):
        last, lines = found
        yield from lines
        page = ordered.filter(pk__lt=last)


def _converted(
    rows: QuerySet[Any], access: Access, convert: Callable[[Sequence[Any]], Iterable[Line]]
) -> tuple[Any, list[Line]] | None:
    with access.scope():
        page = list(rows[:PAGE])
        return (page[-1].pk, list(convert(page))) if page else None
