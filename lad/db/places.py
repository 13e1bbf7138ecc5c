"""The places of rows in an order that people decide, counted from 1. The caller keeps others from changing them."""

from typing import Any, Final

from django.db import connection
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from lad.errors import Invalid
from lad.types import Values

FIRST_PLACE: Final = 1


def require_place(values: Values, name: str, *, before: int | None = None) -> None:
    """Raise Invalid if the values give a row a place before the first. A place that the row has already may stay."""
    place = values.get(name)
    if place is not None and place != before and place < FIRST_PLACE:
        raise Invalid(errors={name: [f"Places are counted from {FIRST_PLACE}."]})


def lock_places(name: str) -> None:
    """Let one transaction at a time give out places of the order with this name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def free_place(rows: QuerySet[Any], name: str, place: int | None, *, last: int) -> int:
    """Return the place for one more row: the given one, or the one after all others if it is None.

    A row that has the given place moves on by one, and so do those that follow it without a gap, in one statement.
    If that would go beyond ``last``, all rows close up first. ``name`` is the column with the places; its unique
    key must be checked at the end of a statement.
    """
    places = dict(rows.order_by(name).values_list("pk", name))
    if place is None:
        highest = max(places.values(), default=0)
        if highest < last:
            return max(highest + 1, FIRST_PLACE)
        return _close_up(rows, name, list(places)) + 1
    keys = {taken: key for key, taken in places.items()}
    end = place
    while end in keys:
        end += 1
    if end > last:
        before = [key for key, taken in places.items() if taken < place]
        _close_up(rows, name, list(places), gap_after=len(before))
        return len(before) + 1
    if end > place:
        rows.filter(pk__in=[keys[taken] for taken in range(place, end)]).update(**{name: F(name) + 1})
    return place


def _close_up(rows: QuerySet[Any], name: str, keys: list[Any], *, gap_after: int | None = None) -> int:
    """Number the rows from 1 in this order, with one place free after so many of them. Return the number of rows."""
    numbers = {key: place + (gap_after is not None and place > gap_after) for place, key in enumerate(keys, start=1)}
    whens = [When(pk=key, then=Value(place)) for key, place in numbers.items()]
    rows.update(**{name: Case(*whens, output_field=IntegerField())})
    return len(keys)
