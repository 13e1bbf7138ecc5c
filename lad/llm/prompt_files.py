"""Prompts as files: ``<app>/<feature>/prompts/<name>.v<N>.md``. A released version is never edited.

    variables: company, question
    untrusted: page
    --- system
    You help {{ company }}.
    --- user
    {{ question }}
    {{ page }}

The name is that of the folder and the file: ``aiicp.assistant.turn``. Variables listed as untrusted are fenced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from django.apps import apps
from django.conf import settings

from lad.llm.fences import Fence, with_rule
from lad.llm.messages import Message, Role
from lad.llm.secrecy import RUN

_FILE: Final = re.compile(r"\A(?P<name>[a-z][a-z0-9_]*)\.v(?P<version>[1-9][0-9]*)\.md")
_SECTION: Final = re.compile(r"^--- (system|user|assistant)$", re.MULTILINE)
_VARIABLE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_BETWEEN: Final = re.compile(r"\{\{[^{}]*\}\}")
FOLDER: Final = "prompts"


class UnknownPrompt(LookupError):
    """There is no prompt with this name and version."""


class BadPrompt(ValueError):
    """A prompt file is not written as it must be, or was rendered with other variables than its own."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt."""

    name: str
    version: int
    variables: tuple[str, ...]
    untrusted: tuple[str, ...]
    sections: tuple[tuple[Role, str], ...] = field(repr=False)

    @property
    def full_name(self) -> str:
        return f"{self.name}.v{self.version}"

    def render(self, values: Mapping[str, Any]) -> "RenderedPrompt":
        """Return the messages with the values in place. Raises BadPrompt unless exactly its variables are given."""
        known = {*self.variables, *self.untrusted}
        if known != set(values):
            raise BadPrompt(f"{self.full_name} takes {', '.join(sorted(known))}; given: {', '.join(sorted(values))}.")
        fence = Fence()
        shown = {
            name: fence.around(str(value)) if name in self.untrusted else str(value) for name, value in values.items()
        }
        # One pass: a placeholder inside a value stays as it is.
        messages = [Message(role, _VARIABLE.sub(lambda found: shown[found[1]], text)) for role, text in self.sections]
        holds_untrusted = any(str(values[name]) for name in self.untrusted)
        shown_messages = tuple(with_rule(messages, fence) if holds_untrusted else messages)
        return RenderedPrompt(self.full_name, shown_messages, holds_untrusted, self.confidential)

    @property
    def confidential(self) -> tuple[str, ...]:
        """Return the system section without the values that stand in it, and without the few words between two."""
        split = [_BETWEEN.split(text) for role, text in self.sections if role == "system"]
        return tuple(part for parts in split for part in parts if len(parts) == 1 or len(part.split()) >= RUN)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt's messages. ``untrusted`` says whether text of strangers is in them, which is fenced already."""

    name: str
    messages: tuple[Message, ...] = field(repr=False)
    untrusted: bool = False
    confidential: tuple[str, ...] = field(default=(), repr=False)


def render(name: str, version: int | None = None, /, **values: Any) -> RenderedPrompt:
    """Render a prompt by name, by default its newest version. Raises UnknownPrompt or BadPrompt."""
    return get(name, version).render(values)


def get(name: str, version: int | None = None) -> Prompt:
    """Return a prompt, by default its newest version. Raises UnknownPrompt."""
    versions = registered().get(name, {})
    number = version or max(versions, default=0)
    if number not in versions:
        known = ", ".join(sorted(registered()))
        raise UnknownPrompt(f"There is no prompt {name} of version {version or 'any'}. Known: {known}.")
    return versions[number]


@cache
def registered() -> dict[str, dict[int, Prompt]]:
    """Return the prompts of all apps by name and version, read once. Raises BadPrompt."""
    found: dict[str, dict[int, Prompt]] = {}
    root = Path(settings.BASE_DIR)
    for config in apps.get_app_configs():
        place = Path(config.path)
        if not place.is_relative_to(root):
            continue
        for file in sorted(place.glob(f"**/{FOLDER}/*.md")):
            prompt = _read(file, root)
            found.setdefault(prompt.name, {})[prompt.version] = prompt
    return found


def _read(file: Path, root: Path) -> Prompt:
    matched = _FILE.fullmatch(file.name)
    if matched is None:
        raise BadPrompt(f"{file.name}: a prompt's file is called <name>.v<number>.md.")
    folder = ".".join(file.parent.parent.relative_to(root).parts)
    return parse(f"{folder}.{matched['name']}", int(matched["version"]), file.read_text(encoding="utf-8"))


def parse(name: str, version: int, text: str) -> Prompt:
    """Return the prompt that a file's text describes. Raises BadPrompt."""
    head, *parts = _SECTION.split(text)
    if not parts:
        raise BadPrompt(f"{name}: a prompt has a section such as “--- system”.")
    header = _header(name, head)
    variables, untrusted = header.get("variables", ()), header.get("untrusted", ())
    sections = tuple((cast(Role, role), content.strip()) for role, content in zip(parts[::2], parts[1::2], strict=True))
    used = {found for _role, content in sections for found in _VARIABLE.findall(content)}
    if used != {*variables, *untrusted}:
        raise BadPrompt(f"{name}: its header names {[*variables, *untrusted]}, its text uses {sorted(used)}.")
    if any(set(_VARIABLE.findall(content)) & set(untrusted) for role, content in sections if role == "system"):
        raise BadPrompt(f"{name}: a system section cannot hold text of strangers.")
    return Prompt(name, version, variables, untrusted, sections)


def _header(name: str, text: str) -> dict[str, tuple[str, ...]]:
    header = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, colon, value = line.partition(":")
        if not colon or key not in ("variables", "untrusted"):
            raise BadPrompt(f"{name}: the header has variables and untrusted, not “{line}”.")
        header[key] = tuple(filter(None, map(str.strip, value.split(","))))
    return header
