"""Search by what people type: words in any order, in any case, with or without accents.

The SQL function ``lad_search_text`` folds stored texts and search terms alike. Python only splits a term into words.
docs/decisions/0032-search.md gives the reasons.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any, Final, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Model, Q, QuerySet, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat

from lad.limits import searchable

# Texts are compared in byte order: they are folded, so that no language's rules apply any more.
BYTE_ORDER: Final = "C"
FOLDING: Final = "lad_search_text"

RowT = TypeVar("RowT", bound=Model)


class SearchText(Func):
    """The folded words of a text, each after one space."""

    function = FOLDING
    output_field = models.TextField()


class Within(Func):
    """A word of a term, folded to be found inside words, or null if it is too short for that."""

    function = "lad_search_within"
    output_field = models.TextField()


class Contains(Func):
    """Whether a folded text contains another.

    Not LIKE, which is many times slower with two wildcards, and which the planner takes for a rare match: it would
    sort all rows instead of reading them in the order of the list.
    """

    function = "strpos"
    template = "%(function)s(%(expressions)s) > 0"
    output_field = models.BooleanField()


class SecondLine(Func):
    """The second line of a text."""

    function = "split_part"
    template = "%(function)s(%(expressions)s, E'\\n', 2)"
    output_field = models.TextField()


class AnyOf(Func):
    """Whether a key is one of many, which are sent as one array.

    The planner does not look into a sub-select, and looks the keys up. If it knew that they are a thousand, it would
    read a list in its order until it has met fifty of them.
    """

    template = "%(expressions)s::uuid[])::uuid[])"
    arg_joiner = " = ANY((SELECT "
    output_field = models.BooleanField()

    def __init__(self, key: Combinable, values: Sequence[UUID]) -> None:
        super().__init__(key, Value(list(values), ArrayField(models.UUIDField())))


def search_text(expression: Combinable) -> models.GeneratedField:
    """Return a generated column with the folded words of a text, for tables too long to fold at each search."""
    return folded_column(folding(expression))


def folding(expression: Combinable) -> Func:
    """Return the expression that folds a text, in a form that migrations can hold."""
    return Func(expression, function=FOLDING, output_field=models.TextField())


def folded_column(expression: Expression) -> models.GeneratedField:
    """Return a generated column with text that was folded."""
    column = models.TextField(db_collation=BYTE_ORDER)
    return models.GeneratedField(expression=expression, output_field=column, db_persist=True)


def words_of(term: str) -> list[str]:
    """Return the words of a term. All of them must be found, in any order."""
    return [word for word in term.replace("\0", " ").split() if any(character.isalnum() for character in word)]


def search(rows: QuerySet[RowT], fields: Iterable[str], term: str) -> QuerySet[RowT]:
    """Return the rows in whose fields all words of the term are found. A blank term finds all rows.

    A word of three letters or more is found anywhere, a shorter one where a word begins. Reads each row that the
    other conditions leave: for tables of many rows store the folded text in a column made by ``search_text``.
    """
    if not term.strip():
        return rows
    condition = matching(rows.model, fields, term) if searchable(term) else None
    return rows.filter(condition) if condition is not None else rows.none()


def matching(model: type[Model], fields: Iterable[str], term: str) -> Q | None:
    """Return what the rows fulfil that ``search`` finds, or None if the term holds no word."""
    texts = _texts(model, fields)
    words = [reduce(or_, (Q(Contains(text, _anywhere(word))) for text in texts)) for word in words_of(term)]
    return reduce(and_, words) if words else None


def in_two_lines(text: Combinable, word: str) -> Q:
    """Return the condition that a folded text has a word of a term: its beginning, or any part in its second line."""
    begins, within = SearchText(_value(word)), Within(_value(word))
    return Q(Contains(text, begins)) | Q(Contains(text, within)) & Q(Contains(SecondLine(text), within))


def _anywhere(word: str) -> Func:
    return Coalesce(Within(_value(word)), SearchText(_value(word)))


def _value(word: str) -> Value:
    return Value(word, models.TextField())


def _texts(model: type[Model], paths: Iterable[str]) -> list[Combinable]:
    """Return the folded texts of the fields: columns that hold one, and the others together, folded once."""
    stored: list[Combinable] = []
    plain: list[Combinable] = []
    for path in paths:
        field = _field(model, path)
        if (
            isinstance(field, models.GeneratedField)
            and getattr(getattr(field, "expression", None), "function", "") == FOLDING
        ):
            stored.append(F(path))
        else:
            plain += [KT(path) if isinstance(field, models.JSONField) else F(path), Value(" ")]
    return [*stored, SearchText(Concat(*plain, output_field=models.TextField()))] if plain else stored


def _field(model: type[Model], path: str) -> Any:
    """Return the field at the end of a path through keys. The rest of a path into JSON is left out."""
    for name in path.split("__"):
        field: Any = model._meta.get_field(name)
        if isinstance(field, models.JSONField) or field.related_model is None:
            break
        model = field.related_model
    return field
