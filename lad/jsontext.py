"""Parse and format JSON that people edit, and refuse values that the database cannot store."""

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

from lad.limits import MAX_REQUEST_DEPTH, MAX_REQUEST_VALUES, excess

# PostgreSQL stores neither NUL nor unpaired surrogates in text or jsonb.
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
MAX_LINE_LENGTH: Final = 80

# Python's messages, and what people can do about them.
_EXPLANATIONS: Final = {
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing after the name",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Illegal trailing comma before end of object": "there is an extra comma",
    "Illegal trailing comma before end of array": "there is an extra comma",
    "Unterminated string starting at": "this text is not closed by a double quote",
    "Invalid control character at": "write a line break in text as \\n, a tab as \\t",
    "Invalid \\escape": "a backslash must be written as \\\\",
    "Extra data": "there is text after the end of the value",
}


class WrittenNumber(float):
    """A JSON number that a float cannot hold exactly. Its text is what was written, for fields of decimals."""

    def __new__(cls, text: str) -> "WrittenNumber":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


class JsonFault(ValueError):
    """The text is not valid JSON or cannot be stored. The message says where and what to do."""


def parse(text: str) -> Any:
    """Return the value of a JSON text. Raises JsonFault."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        says = _EXPLANATIONS.get(error.msg, error.msg)
        raise JsonFault(f"This is not valid JSON at line {error.lineno}, column {error.colno}: {says}.") from error
    except RecursionError as error:
        raise JsonFault(f"The value is nested too deeply. At most {MAX_REQUEST_DEPTH} levels are accepted.") from error
    if fault := excess(value, max_values=MAX_REQUEST_VALUES, max_depth=MAX_REQUEST_DEPTH) or unstorable(value):
        raise JsonFault(fault)
    return value


def read_number(text: str) -> float:
    """Return a JSON number with a fraction or exponent, as a WrittenNumber if a float would change its value."""
    number = float(text)
    try:
        exact = Decimal(text) == Decimal(repr(number))
    except ArithmeticError:
        exact = False
    return number if exact else WrittenNumber(text)


def unstorable(value: object) -> str:
    """Return why the value cannot be stored, or an empty string. The caller has limited its depth."""
    if isinstance(value, str):
        return "Text must not contain the NUL character or unpaired surrogates." if UNSTORABLE.search(value) else ""
    if isinstance(value, float) and not math.isfinite(value):
        return "A number is too large or not a number."
    if isinstance(value, dict):
        return next((fault for pair in value.items() for each in pair if (fault := unstorable(each))), "")
    if isinstance(value, list):
        return next((fault for each in value if (fault := unstorable(each))), "")
    return ""


def pretty(value: object, *, encoder: type[json.JSONEncoder] | None = None, indent: str = "") -> str:
    """Return the value as indented JSON. Short lists stay on one line."""
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
        if len(line) <= MAX_LINE_LENGTH and not any(isinstance(each, dict | list) for each in value):
            return line
        return "[\n" + ",\n".join(f"{inner}{part}" for part in parts) + f"\n{indent}]"
    return _scalar(value, encoder)


def _scalar(value: object, encoder: type[json.JSONEncoder] | None) -> str:
    return json.dumps(value, ensure_ascii=False, cls=encoder)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise JsonFault(f"This is not valid JSON: the name “{name}” appears twice in one object.")
        found[name] = value
    return found


def _constant(word: str) -> NoReturn:
    raise JsonFault(f"This is not valid JSON: {word} is not allowed as a number.")
