"""Convert transcripts from the forms that workers and providers send to the one that is stored.

A stored transcript is a list of turns ``{"role", "text", "start", "end"}``. ``start`` and ``end`` are seconds
since the first turn, and missing if the provider did not send them. Other keys of a turn are kept.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from lad.errors import Invalid

Turn = dict[str, Any]

_LIST_KEYS: Final = ("segments", "turns", "messages", "transcripts", "transcript", "items")
_ROLE_KEYS: Final = ("role", "speaker", "participant", "author")
_TEXT_KEYS: Final = ("text", "content", "message", "transcript", "utterance")
_START_KEYS: Final = ("start", "start_time", "start_seconds", "startTime", "secondsFromStart", "timestamp", "time")
_END_KEYS: Final = ("end", "end_time", "end_seconds", "endTime")
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
_SPOKEN_LINE: Final = re.compile(r"^\s*(?:\[[^\]]*\]\s*)?([A-Za-z][A-Za-z _-]{0,30}):\s*(\S.*)$")
# A larger number of seconds is a Unix time.
_MAX_CALL_SECONDS: Final = 7 * 24 * 3600
# A larger number is a Unix time in milliseconds.
_MAX_EPOCH_SECONDS: Final = 10**11


class UnreadableTranscript(Invalid):
    """The form of this transcript is not known."""

    code = "unreadable_transcript"


def normalise_transcript(given: object) -> list[Turn]:
    """Return the turns of a transcript in any known form. Raise UnreadableTranscript."""
    turns = [turn for turn in map(_turn, _items(given)) if turn["text"]]
    _make_times_relative(turns)
    return turns


def _items(given: object) -> Iterable[object]:
    if given is None:
        return []
    if isinstance(given, str):
        return _lines(given)
    if isinstance(given, Mapping):
        inner = next((given[name] for name in _LIST_KEYS if isinstance(given.get(name), list | str)), None)
        return [given] if inner is None or _first(given, _ROLE_KEYS) else _items(inner)
    if isinstance(given, list):
        return given
    raise _unreadable(f"this is {type(given).__name__}")


def _lines(text: str) -> list[Turn]:
    """Parse ``Agent: Hello`` line by line. A line without a speaker continues the turn before it."""
    turns: list[Turn] = []
    for line in filter(str.strip, text.splitlines()):
        spoken = _SPOKEN_LINE.match(line)
        if spoken:
            turns.append({"role": spoken[1], "text": spoken[2]})
        elif turns:
            turns[-1]["text"] += f" {line.strip()}"
        else:
            turns.append({"role": "system", "text": line})
    return turns


def _turn(item: object) -> Turn:
    if isinstance(item, str):
        return {"role": "system", "text": item.strip()}
    if not isinstance(item, Mapping):
        raise _unreadable(f"one turn is {type(item).__name__}")
    known = {*_ROLE_KEYS, *_TEXT_KEYS, *_START_KEYS, *_END_KEYS}
    turn = {name: value for name, value in item.items() if name not in known}
    turn["role"] = _role(_first(item, _ROLE_KEYS))
    turn["text"] = _text(_first(item, _TEXT_KEYS))
    for name, keys in (("start", _START_KEYS), ("end", _END_KEYS)):
        time = _seconds(_first(item, keys))
        if time is not None:
            turn[name] = time
    return turn


def _first(item: Mapping[str, object], names: Iterable[str]) -> object:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _role(word: object) -> str:
    # Every speaker that is neither the agent nor a machine is the person.
    return _ROLES.get(str(word or "").strip().lower(), "person")


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        return _text(_first(value, _TEXT_KEYS))
    return str(value or "").strip()


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return max(value / 1000 if value > _MAX_EPOCH_SECONDS else float(value), 0.0)
    try:
        return max(float(str(value)), 0.0)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def _make_times_relative(turns: list[Turn]) -> None:
    """Convert times of day into seconds since the first turn."""
    times = [turn[name] for turn in turns for name in ("start", "end") if name in turn]
    beginning = min((time for time in times if time > _MAX_CALL_SECONDS), default=0.0)
    for turn in turns:
        for name in ("start", "end"):
            if turn.get(name, 0.0) > _MAX_CALL_SECONDS:
                turn[name] = turn[name] - beginning
            if name in turn:
                turn[name] = round(turn[name], 3)


def _unreadable(problem: str) -> UnreadableTranscript:
    message = f"Send a list of turns, each with a role and a text; {problem}."
    return UnreadableTranscript(errors={"transcripts": [message]})
