"""Entity-relationship diagrams in Mermaid, one per domain."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import models

from lad.db.fields import TenantKey
from tools.documentation import sql

_WORD: Final = re.compile(r"[^A-Za-z0-9_\[\]]")


def diagram(domain: Iterable[Any]) -> list[str]:
    """The tables of a domain with their keys, in lines of Markdown; tables of other domains are shown by name only."""
    drawn = sorted(domain, key=lambda model: model._meta.db_table)
    lines = ["```mermaid", "erDiagram"]
    for model in drawn:
        lines += _entity(model)
    for model in drawn:
        lines += [f"    {line}" for line in _relations(model)]
    return [*lines, "```"]


def _entity(model: Any) -> Iterator[str]:
    yield f"    {model._meta.db_table} {{"
    for field in model._meta.concrete_fields:
        marks = _marks(field)
        if marks or field.choices:
            yield f"        {_type(field)} {field.column}{f' {marks}' if marks else ''}"
    yield "    }"


def _marks(field: Any) -> str:
    found = []
    if field.primary_key:
        found.append("PK")
    if field.is_relation:
        found.append("FK")
    if field.name in _unique(field.model) and not field.primary_key:
        found.append("UK")
    return ", ".join(found)


def _unique(model: Any) -> set[str]:
    """Fields of the unique keys that hold over the row alone, without the tenant and the primary key."""
    names = {field.name for field in model._meta.concrete_fields if field.unique}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and model._meta.pk.name not in constraint.fields:
            names |= {*constraint.fields}
    return names - {model.tenancy.field}


def _type(field: Any) -> str:
    return _WORD.sub("_", sql.type_of(field).partition("(")[0])


def _relations(model: Any) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if field.is_relation and not isinstance(field, TenantKey):
            parent = "|o" if field.null else "||"
            child = "o|" if _one(field) else "o{"
            target = field.related_model._meta.db_table
            yield f'{target} {parent}--{child} {model._meta.db_table} : "{field.column}"'


def _one(field: Any) -> bool:
    """Whether a parent has one such row at most."""
    alone = ({field.name}, {field.model.tenancy.field, field.name})
    return field.unique or any(
        isinstance(each, models.UniqueConstraint) and {*each.fields} in alone for each in field.model._meta.constraints
    )
