"""Let people write the fields of an agent's analysis as lines, instead of JSON.

team_size | whole number | How many people work in the team
plan | one of basic, pro, enterprise | The plan they want
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from voice.json_schemas import ANALYSIS_FIELDS

KINDS: Final[dict[str, dict[str, str]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole number": {"type": "integer"},
    "yes or no": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "date-time"},
    "e-mail address": {"type": "string", "format": "email"},
    "telephone number": {"type": "string", "format": "phone"},
}
ONE_OF: Final = "one of "
HELP: Final = (
    "One field a line: its name, its kind and what it is about, such as “team_size | whole number | How many people"
    f" work in the team”. Kinds: {', '.join(KINDS)}, or “one of” with a list, such as “one of basic, pro, enterprise”."
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,49}")


def to_lines(schema: Mapping[str, Any]) -> str:
    """Return a schema as lines."""
    lines = []
    for name, field in (schema.get("properties") or {}).items():
        about = field.get("description") or field.get("title") or ""
        lines.append(" | ".join(filter(None, [name, _kind(field), about])))
    return "\n".join(lines)


def from_lines(text: str) -> dict[str, Any]:
    """Return the schema that the lines describe, empty for no lines. Raises ValidationError."""
    fields: dict[str, Any] = {}
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, kind, about = (part.strip() for part in (*line.split("|", 2), "", "")[:3])
        field = _field(kind or "text")
        if not _NAME.fullmatch(name) or name in fields:
            errors.append(f"Line {number}: write a name of its own in small letters, such as team_size.")
        elif field is None:
            errors.append(f"Line {number}: “{kind}” is no kind of field.")
        else:
            fields[name] = {**field, **({"description": about} if about else {})}
    if errors:
        raise ValidationError(errors)
    schema = {"type": "object", "properties": fields} if fields else {}
    JsonSchemaValidator(ANALYSIS_FIELDS)(schema)
    return schema


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ONE_OF + ", ".join(field["enum"])
    plain = {key: field[key] for key in ("type", "format") if key in field}
    return next((kind for kind, meant in KINDS.items() if meant == plain), "text")


def _field(kind: str) -> dict[str, Any] | None:
    if kind.lower().startswith(ONE_OF):
        values = [value.strip() for value in kind[len(ONE_OF) :].split(",") if value.strip()]
        return {"enum": list(dict.fromkeys(values))} if values else None
    known = KINDS.get(kind.lower())
    return dict(known) if known is not None else None
