"""Compile the columns of a model's rows once per process instead of once per query."""

from functools import lru_cache
from typing import Any, Final

from django.db import models
from django.db.backends.postgresql import compiler

SQLAggregateCompiler = compiler.SQLAggregateCompiler
SQLDeleteCompiler = compiler.SQLDeleteCompiler
SQLInsertCompiler = compiler.SQLInsertCompiler
SQLUpdateCompiler = compiler.SQLUpdateCompiler

Select = tuple[list[Any], dict[str, Any] | None, dict[str, int]]

# By model and by the name that the query gives to its table.
_whole_rows: Final[dict[tuple[type[models.Model], str], Select]] = {}


class SQLCompiler(compiler.SQLCompiler):
    """Remembers the compiled columns of queries for whole rows of one table, the most frequent ones."""

    def get_select(self, with_col_aliases: bool = False) -> Select:
        query: Any = self.query
        if with_col_aliases or not _is_for_whole_rows(query):
            return super().get_select(with_col_aliases)
        key = (query.model, query.get_initial_alias())
        if key not in _whole_rows:
            _whole_rows[key] = super().get_select()
        columns, class_info, _annotations = _whole_rows[key]
        # Callers add to them.
        return list(columns), dict(class_info or {}), {}


def _is_for_whole_rows(query: Any) -> bool:
    # A query without a model evaluates expressions only.
    if not query.default_cols or query.model is None or not _has_constant_columns(query.model):
        return False
    special = query.annotations or query.extra or query.select_related or query.selected is not None
    deferred, _only_these = query.deferred_loading
    return not (special or deferred)


@lru_cache(maxsize=1024)
def _has_constant_columns(model: type[models.Model]) -> bool:
    """Return whether the model's columns are read the same way in every scope, and from one table."""
    fields = model._meta.concrete_fields
    return not model._meta.parents and all(type(field).select_format is models.Field.select_format for field in fields)
