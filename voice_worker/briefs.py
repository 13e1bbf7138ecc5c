"""What LAD says of a call, as ``voice/carriers/livekit/client.py`` sends it with the dispatch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class BadBrief(ValueError):
    """The dispatch does not say what LAD says. The room is not one of LAD's calls."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice by its provider's name of it."""

    provider: str
    id: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brief:
    """One call. ``person`` is the identity of the telephone in the room, empty if it came by itself."""

    call_id: str
    report_url: str
    person: str = ""
    instructions: str = ""
    first_message: str = ""
    language: str = "en"
    voice: Voice | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    transfer_to: str = ""
    inbound: bool = False


def read(metadata: str | bytes) -> Brief:
    """Return the brief in a dispatch's metadata, or in LAD's answer to a worker that asked. Raises BadBrief."""
    try:
        told = json.loads(metadata)
        voice = told.get("voice")
        return Brief(
            call_id=str(told["call_id"]),
            report_url=str(told["report_url"]),
            person=str(told.get("person") or ""),
            instructions=str(told.get("instructions") or ""),
            first_message=str(told.get("first_message") or ""),
            language=str(told.get("language") or "en"),
            voice=Voice(str(voice["provider"]), str(voice["id"]), dict(voice.get("settings") or {})) if voice else None,
            tools=tuple(tool for tool in told.get("tools") or () if isinstance(tool, dict) and tool.get("name")),
            transfer_to=str(told.get("transfer_to") or ""),
            inbound=told.get("direction") == "inbound",
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBrief("The dispatch has no brief of a call.") from error
