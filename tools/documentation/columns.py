"""The columns of a table: what they hold, what they refer to, what their JSON looks like."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import models

from lad.db.constraints import delete_rule
from lad.db.fields import EncryptedTextField, SharedForeignKey, TenantForeignKey, TenantUserKey, is_secret
from lad.db.shapes import Shape
from tools.documentation import sql
from tools.documentation.markup import code, codes, link, table

HEAD: Final = ("column", "type", "null", "default", "refers to", "what it is")
DEEPEST_SHAPE: Final = 3
# Columns that mean the same wherever they stand, said once here instead of in every model.
_KNOWN: Final = {
    "id": "The row's key; a UUID the application makes is time-ordered.",
    "tenant": "The tenant the row belongs to.",
    "created_at": "When the row was made.",
    "updated_at": "When it was last changed; the database keeps it.",
    "deleted_at": "When it was deleted; null while it lives.",
    "deletion_id": "What was deleted together has the same one, and comes back together.",
    "is_deleted": "The same as a switch.",
    "metadata": "Further facts about the row, free in form.",
    "config": "Settings of the feature, free in form.",
    "payload": "The facts; docs/events.md says what is in it.",
    "changes": "Column to its value before and after; secrets are masked.",
    "row_changes": "The same for many rows of one statement, values of a column side by side.",
    "response_headers": "The headers of the answer that is repeated.",
    "provider_data": "What the provider said of the person.",
    "country_code": "The country's code with its plus, such as +44.",
    "base_number": "The national number without leading zeros.",
    "leading_zeros": "How many zeros stand before `base_number`.",
    "currency": "Three letters, as in ISO 4217.",
    "idempotency_key": "Names the write, so that it happens once however often it is sent.",
    "retry_count": "How often it was tried again.",
    "balance_before": "The balance this row found.",
    "balance_after": "The balance this row left.",
    "last_reset_date": "The day what was used today is counted for.",
    "timezone": "An IANA time zone, such as Europe/London.",
}
_RULES: Final = {
    "CASCADE": "goes with it",
    "SET NULL": "becomes null with it",
    "NO ACTION": "keeps it from being deleted",
}


def columns(model: Any) -> list[str]:
    """The table of columns, and below it the shapes of JSON columns that have one."""
    fields = model._meta.concrete_fields
    lines = table(HEAD, (_row(field) for field in fields))
    for field in fields:
        for shape in _shapes(field):
            lines += [f"### {field.column}", "", *_shape(shape.schema, depth=0), ""]
    return lines


def refers_to(field: Any) -> str:
    """Where a key leads and what happens here when that row is deleted; nothing for other columns."""
    if not field.is_relation:
        return ""
    target = field.related_model._meta.db_table
    whose = ""
    if isinstance(field, TenantForeignKey):
        whose = " of the same tenant"
    elif isinstance(field, SharedForeignKey):
        whose = " of the same tenant, or a shared one"
    elif isinstance(field, TenantUserKey) and field.member:
        whose = ", a member of the tenant"
    return f"{link(target)}{whose}; {_RULES[delete_rule(field.remote_field.on_delete)]}"


def opaque(model: Any) -> list[str]:
    """Columns nobody can guess and nobody explains: JSON without a shape and without a word on what it holds."""
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and not (field.help_text or field.name in _KNOWN or list(_shapes(field)))
    ]


def _row(field: Any) -> tuple[str, ...]:
    null = "null" if field.null else ""
    return code(field.column), sql.type_of(field), null, code(_default(field)), refers_to(field), _about(field)


def _default(field: Any) -> str:
    if isinstance(field, models.GeneratedField):
        return ""
    if isinstance(field, models.AutoField | models.BigAutoField):
        return "identity"
    return sql.default_of(field)


def _about(field: Any) -> str:
    return " ".join(part for part in _parts(field) if part)


def _parts(field: Any) -> Iterator[str]:
    yield _with_stop(str(field.help_text or _KNOWN.get(field.name.removeprefix("to_"), "")))
    if field.generated:
        yield f"Generated: {code(sql.expression(field.expression, field.model))}."
    if field.choices:
        yield f"One of {codes(value for value, _label in field.flatchoices)}."
    if is_secret(field):
        kind = "Secret: encrypted" if isinstance(field, EncryptedTextField) else "Secret: a hash"
        yield f"{kind}; never shown, logged or sent."
    if list(_shapes(field)):
        yield "Its shape is below."


def _with_stop(text: str) -> str:
    return text if not text or text.endswith((".", "…", "?", "!")) else f"{text}."


def _shapes(field: Any) -> Iterator[Shape]:
    if isinstance(field, models.JSONField):
        yield from (each for each in field.validators if isinstance(each, Shape))


def _shape(schema: Mapping[str, Any], *, depth: int, required: bool = False) -> list[str]:
    if depth == 0:
        return [f"{_kind(schema).capitalize()}{_more(schema)}.", "", *_members(schema, depth=0)]
    return _members(schema, depth=depth)


def _members(schema: Mapping[str, Any], *, depth: int) -> list[str]:
    if depth >= DEEPEST_SHAPE:
        return []
    items = schema.get("items")
    if isinstance(items, Mapping) and items.get("properties"):
        return _members(items, depth=depth)
    required = schema.get("required", ())
    lines = []
    for name, member in schema.get("properties", {}).items():
        must = ", required" if name in required else ""
        lines.append(f"{'  ' * depth}- {code(name)}: {_kind(member)}{_more(member)}{must}")
        lines += _members(member, depth=depth + 1)
    return lines


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "anything")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    words = {"object": "object", "array": "list", "string": "text", "integer": "whole number", "null": "null"}
    named = " or ".join(words.get(each, each) for each in kinds)
    items = schema.get("items")
    return f"{named} of {_kind(items)}" if isinstance(items, Mapping) and "array" in kinds else named


def _more(schema: Mapping[str, Any]) -> str:
    items = schema.get("items")
    values = schema.get("enum") or (isinstance(items, Mapping) and items.get("enum"))
    if values:
        return f", one of {codes(values)}"
    limits = [
        f"{words} {schema[name]}" for name, words in (("minimum", "at least"), ("maximum", "at most")) if name in schema
    ]
    if "pattern" in schema:
        limits.append(f"of the form {codes([schema['pattern']])}")
    return f", {', '.join(limits)}" if limits else ""
