"""Transcripts: the many forms in which workers and providers hand them over, and the one that is stored.

Stored is a list of turns ``{"role", "text", "start", "end"}``; start and end are seconds from the first
turn and left out where nobody said. What else a turn carried stays with it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from lad.errors import Invalid

_LISTS: Final = ("segments", "turns", "messages", "transcripts", "transcript", "items")
_ROLE: Final = ("role", "speaker", "participant", "author")
_TEXT: Final = ("text", "content", "message", "transcript", "utterance")
_START: Final = ("start", "start_time", "start_seconds", "startTime", "secondsFromStart", "timestamp", "time")
_END: Final = ("end", "end_time", "end_seconds", "endTime")
_ROLES: Final = {
    "agent": "agent",
    "assistant": "agent",
    "bot": "agent",
    "ai": "agent",
    "model": "agent",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_LINE: Final = re.compile(r"^\s*(?:\[[^\]]*\]\s*)?([A-Za-z][A-Za-z _-]{0,30}):\s*(.+)$")
# Seconds above this are moments since 1970, and above the second one milliseconds since then.
_LONGEST_CALL: Final = 7 * 24 * 3600
_MILLISECONDS: Final = 10**11


class UnreadableTranscript(Invalid):
    """The transcript is in no form that is known."""

    code = "unreadable_transcript"


def normalise(given: Any) -> list[dict[str, Any]]:
    """The turns of a transcript in any known form. Raises UnreadableTranscript."""
    turns = [turn for turn in map(_turn, _items(given)) if turn["text"]]
    _count_from_first(turns)
    return turns


def _items(given: Any) -> Iterable[Any]:
    if given is None:
        return []
    if isinstance(given, str):
        return _lines(given)
    if isinstance(given, Mapping):
        inner = next((given[name] for name in _LISTS if isinstance(given.get(name), list | str)), None)
        return [given] if inner is None or _first(given, _ROLE) else _items(inner)
    if isinstance(given, list):
        return given
    raise _unreadable(f"it is {type(given).__name__}")


def _lines(text: str) -> list[dict[str, Any]]:
    """``Agent: Hello`` line by line; a line without a speaker goes on with the turn before."""
    turns: list[dict[str, Any]] = []
    for line in filter(str.strip, text.splitlines()):
        spoken = _LINE.match(line)
        if spoken:
            turns.append({"role": spoken[1], "text": spoken[2]})
        elif turns:
            turns[-1]["text"] += f" {line.strip()}"
        else:
            turns.append({"role": "system", "text": line})
    return turns


def _turn(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"role": "system", "text": item.strip()}
    if not isinstance(item, Mapping):
        raise _unreadable(f"a turn is {type(item).__name__}")
    known = {*_ROLE, *_TEXT, *_START, *_END}
    turn = {name: value for name, value in item.items() if name not in known}
    turn["role"] = _role(_first(item, _ROLE))
    turn["text"] = _text(_first(item, _TEXT))
    for name, keys in (("start", _START), ("end", _END)):
        moment = _seconds(_first(item, keys))
        if moment is not None:
            turn[name] = moment
    return turn


def _first(item: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _role(word: Any) -> str:
    # Whoever is neither the agent nor a machine is the other side.
    return _ROLES.get(str(word or "").strip().lower(), "person")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        return _text(_first(value, _TEXT))
    return str(value or "").strip()


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return max(value / 1000 if value > _MILLISECONDS else float(value), 0.0)
    try:
        return max(float(value), 0.0)
    except (TypeError, ValueError):
        pass
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def _count_from_first(turns: list[dict[str, Any]]) -> None:
    """Turn moments of the day into seconds of the call."""
    moments = [turn[name] for turn in turns for name in ("start", "end") if name in turn]
    beginning = min((moment for moment in moments if moment > _LONGEST_CALL), default=0.0)
    for turn in turns:
        for name in ("start", "end"):
            if turn.get(name, 0.0) > _LONGEST_CALL:
                turn[name] = turn[name] - beginning
            if name in turn:
                turn[name] = round(turn[name], 3)


def _unreadable(why: str) -> UnreadableTranscript:
    says = f"Send a list of turns with role and text; {why}."
    return UnreadableTranscript(errors={"transcripts": [says]})
