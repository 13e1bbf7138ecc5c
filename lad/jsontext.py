"""JSON as people write and read it, and only what the database can hold."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

# PostgreSQL stores neither NUL nor half of a surrogate pair in text or jsonb.
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
LONGEST_LINE: Final = 80

# What Python calls a fault, and what is to be done about it.
_WORDS: Final = {
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing after the name",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Illegal trailing comma before end of object": "there is a comma too many",
    "Illegal trailing comma before end of array": "there is a comma too many",
    "Unterminated string starting at": "this text is not closed by a double quote",
    "Invalid control character at": "write a line break in text as \\n, a tab as \\t",
    "Invalid \\escape": "a backslash must be written as \\\\",
    "Extra data": "something follows the end of the value",
}


class JsonFault(ValueError):
    """The text is no JSON, or holds what cannot be stored; the message says where and what to do."""


def parse(text: str) -> Any:
    """The value that the text holds. Raises JsonFault."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        says = _WORDS.get(error.msg, error.msg)
        raise JsonFault(f"This is not valid JSON at line {error.lineno}, column {error.colno}: {says}.") from error
    except RecursionError as error:
        raise JsonFault("It is nested too deeply.") from error
    if fault := unstorable(value):
        raise JsonFault(fault)
    return value


def unstorable(value: Any) -> str:
    """What in the value the database cannot hold; nothing when it can hold all of it."""
    if isinstance(value, str):
        return "Text may hold neither NUL nor unpaired surrogates." if UNSTORABLE.search(value) else ""
    if isinstance(value, float) and not math.isfinite(value):
        return "A number is too large, or none at all."
    if isinstance(value, dict):
        return next((fault for pair in value.items() for each in pair if (fault := unstorable(each))), "")
    if isinstance(value, list):
        return next((fault for each in value if (fault := unstorable(each))), "")
    return ""


def pretty(value: Any, *, encoder: Any = None, indent: str = "") -> str:
    """The value laid out for reading: one name a line, short lists in one."""
    inner = f"{indent}  "
    if isinstance(value, dict) and value:
        lines = (
            f"{inner}{_scalar(str(name), encoder)}: {pretty(each, encoder=encoder, indent=inner)}"
            for name, each in value.items()
        )
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        parts = [pretty(each, encoder=encoder, indent=inner) for each in value]
        line = f"[{', '.join(parts)}]"
        if len(line) <= LONGEST_LINE and not any(isinstance(each, dict | list) for each in value):
            return line
        return "[\n" + ",\n".join(f"{inner}{part}" for part in parts) + f"\n{indent}]"
    return _scalar(value, encoder)


def _scalar(value: Any, encoder: Any) -> str:
    return json.dumps(value, ensure_ascii=False, cls=encoder)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise JsonFault(f"This is not valid JSON: “{name}” stands twice in one object.")
        found[name] = value
    return found


def _constant(word: str) -> Any:
    raise JsonFault(f"This is not valid JSON: {word} is no number it knows.")
