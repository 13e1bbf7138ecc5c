"""Which columns may be empty, and the rows whose column is: null and an empty text are one to whoever looks."""

from typing import Any

from django.db import models
from django.db.models import Q


def may_be_empty(column: Any) -> bool:
    """Return whether rows may have no value in the column."""
    return bool(column.null or (column.blank and _is_text(column)))


def empty_condition(column: Any, path: str) -> Q:
    """Return what the rows without a value fulfil. ``path`` leads to the column, such as ``assigned_user``."""
    empty = Q(**{f"{path}__isnull": True}) if column.null else Q()
    return empty | Q(**{path: ""}) if _is_text(column) else empty


def _is_text(column: Any) -> bool:
    return isinstance(column, models.CharField | models.TextField)
