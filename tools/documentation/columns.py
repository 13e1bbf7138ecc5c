"""Describe the columns of a table: meaning, references and the schema of JSON."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import models

from lad.db.constraints import delete_rule
from lad.db.fields import EncryptedTextField, SharedForeignKey, TenantForeignKey, TenantUserKey, is_secret
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import LadModel
from tools.documentation import sql
from tools.documentation.markup import code, codes, link, table

HEAD: Final = ("column", "type", "null", "default", "refers to", "what it is")
MAX_SCHEMA_DEPTH: Final = 3
# Columns with the same meaning in every table, so that models need no help_text for them.
_KNOWN: Final = {
    "id": "The primary key. A UUID made by the application is time-ordered.",
    "tenant": "The tenant the row belongs to.",
    "created_at": "When the row was created.",
    "updated_at": "When the row was last changed, set by a trigger.",
    "deleted_at": "When the row was deleted; null if it was not.",
    "deletion_id": "The same for all rows that were deleted, and are restored, together.",
    "is_deleted": "Whether `deleted_at` is set.",
    "metadata": "Further facts about the row, in any form.",
    "config": "Settings of the feature, in any form.",
    "payload": "The facts of the event, as listed in docs/events.md.",
    "changes": "Each changed column with its value before and after. Secrets are masked.",
    "row_changes": "The same for a statement that changed many rows, with the values of each column in a list.",
    "response_headers": "The headers of the stored response.",
    "provider_data": "The provider's profile of the user.",
    "country_code": "The country calling code with its plus sign, such as +44.",
    "base_number": "The national number without leading zeros.",
    "leading_zeros": "The number of zeros before `base_number`.",
    "currency": "The ISO 4217 code.",
    "idempotency_key": "Identifies the write, so that a repeated request writes once.",
    "retry_count": "The number of retries.",
    "balance_before": "The balance before this row.",
    "balance_after": "The balance after this row.",
    "last_reset_date": "The day that today's use is counted for.",
    "timezone": "An IANA time zone, such as Europe/London.",
}
_RULES: Final = {
    "CASCADE": "deleted with it",
    "SET NULL": "set to null when it is deleted",
    "NO ACTION": "prevents its deletion",
}


def columns(model: type[LadModel]) -> list[str]:
    """Return the table of columns, followed by the schemas of JSON columns."""
    fields = model._meta.concrete_fields
    lines = table(HEAD, (_row(field) for field in fields))
    for field in fields:
        for shape in _shapes(field):
            lines += [f"### {field.column}", "", *_shape(shape.schema, depth=0), ""]
    return lines


def refers_to(field: Any) -> str:
    """Return what a key refers to and what happens when that row is deleted; an empty text for other columns."""
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


def undocumented_json_columns(model: type[LadModel]) -> list[str]:
    """Return the JSON columns that have neither a schema nor a description."""
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and not (field.help_text or field.name in _KNOWN or list(_shapes(field)))
    ]


def _row(field: models.Field) -> tuple[str, ...]:
    null = "null" if field.null else ""
    return code(field.column), sql.type_of(field), null, code(_default(field)), refers_to(field), _about(field)


def _default(field: models.Field) -> str:
    if isinstance(field, models.GeneratedField):
        return ""
    if isinstance(field, models.AutoField | models.BigAutoField):
        return "identity"
    return sql.default_of(field)


def _about(field: models.Field) -> str:
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
        yield "Its schema is below."


def _with_stop(text: str) -> str:
    return text if not text or text.endswith((".", "…", "?", "!")) else f"{text}."


def _shapes(field: models.Field) -> Iterator[JsonSchemaValidator]:
    if isinstance(field, models.JSONField):
        yield from (each for each in field.validators if isinstance(each, JsonSchemaValidator))


def _shape(schema: Mapping[str, Any], *, depth: int, required: bool = False) -> list[str]:
    if depth == 0:
        return [f"{_kind(schema).capitalize()}{_more(schema)}.", "", *_members(schema, depth=0)]
    return _members(schema, depth=depth)


def _members(schema: Mapping[str, Any], *, depth: int) -> list[str]:
    if depth >= MAX_SCHEMA_DEPTH:
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
