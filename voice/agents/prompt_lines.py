"""Let people write fallbacks and further languages as lines, instead of JSON.

first_name | there
de | Guten Tag, hier ist {{ agent_name }}. | Was kann ich für Sie tun?
"""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from voice.json_schemas import FALLBACKS, OPENINGS, VARIABLES

FALLBACKS_HELP: Final = (
    "One variable a line, and what stands in its place where a person has none, such as “first_name | there”."
)
OPENINGS_HELP: Final = (
    "One language a line: its code, what the agent says first when it calls, and when it is called, such as"
    " “de | Guten Tag, hier ist Lena. | Was kann ich für Sie tun?”. Both texts may be left out."
)
VARIABLES_HELP: Final = "One variable of the agent's texts a line, and its value, such as “team_size | 40”."
TWICE: Final = "Line {}: “{}” stands above already."


def fallback_lines(value: Mapping[str, str]) -> str:
    """Return fallbacks as lines."""
    return "\n".join(f"{name} | {text}" for name, text in value.items())


def read_fallbacks(text: str) -> dict[str, str]:
    """Return the fallbacks that the lines describe. Raises ValidationError."""
    return _pairs(text, FALLBACKS)


def variable_lines(value: Mapping[str, str]) -> str:
    """Return what an agent may say about one person as lines."""
    return "\n".join(f"{name} | {' '.join(text.split())}" for name, text in value.items())


def read_variables(text: str) -> dict[str, str]:
    """Return the variables that the lines describe. Raises ValidationError."""
    return _pairs(text, VARIABLES)


def opening_lines(value: Mapping[str, Mapping[str, str]]) -> str:
    """Return languages with their openings as lines."""
    lines = []
    for code, opening in value.items():
        texts = [" ".join(str(opening.get(name) or "").split()) for name in ("outbound", "inbound")]
        while texts and not texts[-1]:
            texts.pop()
        lines.append(" | ".join([code, *texts]))
    return "\n".join(lines)


def read_openings(text: str) -> dict[str, dict[str, str]]:
    """Return the languages that the lines describe. Raises ValidationError."""
    found: dict[str, dict[str, str]] = {}
    for number, code, rest in _lines(text, 3):
        if code in found:
            raise ValidationError(TWICE.format(number, code))
        named = zip(("outbound", "inbound"), rest, strict=True)
        found[code] = {name: opening for name, opening in named if opening}
    JsonSchemaValidator(OPENINGS)(found)
    return found


def _pairs(text: str, schema: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, name, rest in _lines(text, 2):
        if name in found:
            raise ValidationError(TWICE.format(number, name))
        found[name] = rest[0]
    JsonSchemaValidator(schema)(found)
    return found


def _lines(text: str, parts: int) -> list[tuple[int, str, list[str]]]:
    """Return the number of each line, what stands first in it, and the rest in so many parts."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            first, *rest = (part.strip() for part in _split(line, parts))
            found.append((number, first, [*rest, *[""] * (parts - 1 - len(rest))]))
    return found


def _split(line: str, parts: int) -> list[str]:
    """Split a line at bars, but not within braces, where a bar belongs to a filter or a choice."""
    found: list[str] = []
    depth = begin = 0
    for index, letter in enumerate(line):
        depth += (letter == "{") - (letter == "}")
        if letter == "|" and depth <= 0 and len(found) < parts - 1:
            found.append(line[begin:index])
            begin = index + 1
    return [*found, line[begin:]]
