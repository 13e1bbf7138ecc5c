"""Fill the texts of an agent: its instructions, and what it says first.

They are Liquid, as messages are. In instructions a single brace is ordinary text, because they often hold JSON; what
an agent says first may vary: ``{Hello|Good day}``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.templates.compiling import Compiled, TemplateError, compiled
from campaigns.templates.variables import CUSTOM, canonical
from lad.errors import Invalid
from voice.agents.models import AgentContent

INSTRUCTIONS: Final = ("agent_instructions", "system_instructions")
OPENINGS: Final = ("outbound_starter_prompt", "inbound_starter_prompt")
NO_SNIPPETS: Final = "A prompt cannot use snippets of messages. Write the text here."
# Variables of a call, besides those of the lead.
CALL_VARIABLES: Final = ("agent_name", "context", "called_number", "our_number")
_BEFORE_PUNCTUATION: Final = re.compile(r"(?<!\s)\s+([,.;:!?])")
_DOUBLED: Final = re.compile(r"([,;:])(?=[,.;:!?])")
_SPACES: Final = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its values in place, and the variables that had neither a value nor a fallback."""

    text: str
    missing: tuple[str, ...] = ()


def fill(
    text: str, values: Mapping[str, object], *, opening: bool = False, seed: str = "", language: str = "en"
) -> Filled:
    """Return the text filled. A variable without a value is left out. Raises TemplateError."""
    if "{" not in text:
        return Filled(text.strip())
    read = _read(text, opening=opening)
    missing: dict[str, None] = {}
    filled, _chosen = read.fill(values, missing=missing, seed=seed, language=language)
    if missing:
        completed = with_fallbacks(values, dict.fromkeys(missing, ""))
        filled, _chosen = read.fill(completed, missing={}, seed=seed, language=language)
        filled = _tidied(filled)
    return Filled(filled.strip(), tuple(missing))


def with_fallbacks(values: Mapping[str, object], fallbacks: Mapping[str, str]) -> Mapping[str, object]:
    """Return the values with a text in the place of each variable that has none."""
    found = values.copy() if isinstance(values, dict) else dict(values)
    copied: Any = type(values)(found) if isinstance(values, dict) else found
    for name in ("seed", "language"):
        if hasattr(values, name):
            setattr(copied, name, getattr(values, name))
    for name, text in fallbacks.items():
        _put(copied, canonical(name), text)
    filled: Mapping[str, object] = copied
    return filled


def check(values: Mapping[str, Any]) -> None:
    """Raise Invalid with the errors of the texts among the values, by field."""
    errors: dict[str, list[str]] = {}
    for name, text, opening in _texts(values):
        try:
            read = _read(text, opening=opening)
        except TemplateError as error:
            errors.setdefault(name, []).append(str(error))
        else:
            errors.setdefault(name, []).extend([NO_SNIPPETS] if read.snippets else [])
    errors = {name: found for name, found in errors.items() if found}
    if errors:
        raise Invalid(errors=errors)


def unguarded(content: AgentContent) -> list[str]:
    """Return the variables that the texts write out and for which neither they nor the agent have a fallback."""
    given = {name: getattr(content, name) for name in (*INSTRUCTIONS, *OPENINGS, "openings")}
    known = {canonical(name) for name in content.fallbacks}
    found: dict[str, None] = {}
    for _name, text, opening in _texts(given):
        try:
            uses = _read(text, opening=opening).uses
        except TemplateError:
            continue
        found.update({canonical(use.name): None for use in uses if not use.guarded})
    return [name for name in found if name not in known and name not in CALL_VARIABLES[:1]]


def flat(values: Mapping[str, object], *, most: int, longest: int) -> dict[str, str]:
    """Return the values that are texts, by one name each, as a carrier's own prompts use them."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, str) and value:
            found[name] = value[:longest]
    for group, members in values.items():
        if not isinstance(members, Mapping):
            continue
        for name, value in members.items():
            key = str(name) if group == CUSTOM else f"{group}_{name}"
            if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
                found.setdefault(key, str(value)[:longest])
    return dict(list(found.items())[:most])


def _texts(values: Mapping[str, Any]) -> Iterable[tuple[str, str, bool]]:
    """Yield the field, the text and whether it is spoken first, for each text."""
    for name in INSTRUCTIONS:
        yield name, str(values.get(name) or ""), False
    for name in OPENINGS:
        yield name, str(values.get(name) or ""), True
    openings = values.get("openings")
    for opening in openings.values() if isinstance(openings, Mapping) else ():
        for text in opening.values() if isinstance(opening, Mapping) else ():
            yield "openings", str(text), True


def _read(text: str, *, opening: bool) -> Compiled:
    return compiled(text, choices=opening)


def _put(values: dict[str, Any], name: str, text: str) -> None:
    *groups, last = name.split(".")
    for group in groups:
        members = values.get(group)
        values[group] = dict(members) if isinstance(members, Mapping) else {}
        values = values[group]
    if values.get(last) in (None, ""):
        values[last] = text


def _tidied(text: str) -> str:
    """Return a text without the traces of what was left out of it: “Hello , I” becomes “Hello, I”."""
    return _SPACES.sub(" ", _DOUBLED.sub("", _BEFORE_PUNCTUATION.sub(r"\1", text)))
