"""Find requests never to be called again. Missing one is worse than seeing one too many."""

from collections.abc import Sequence
from typing import Final

from voice.analysis.reading import cues
from voice.analysis.reading.cues import Cue
from voice.analysis.reading.languages import language_of
from voice.analysis.reading.words import STOPS, Turn

# A restriction to a time stands within so many words after "don't call me".
MAX_RESTRICTION: Final = 5


def find(turns: Sequence[Turn], heard: Sequence[Turn]) -> tuple[Cue, float] | None:
    """Return the last words in which the person asks never to be called again, and how sure that is, or None.

    ``heard`` are the same turns without orders to whoever reads the transcript. Plain requests count in either; words
    that only may be one count where they are no part of an order.
    """
    found = None
    before: Turn | None = None
    for turn, without_orders in zip(turns, heard, strict=True):
        if turn.role == "person":
            found = _asked(turn) or _may_ask(without_orders) or _agreed(before, turn) or found
        if turn.role in ("agent", "person"):
            before = turn
    return found


def _asked(turn: Turn) -> tuple[Cue, float] | None:
    others = cues.find(turn, ["notdnc"])
    for cue in cues.find(turn, ["dnc"]):
        if not any(each.first <= cue.first < each.last for each in others):
            return cue, 0.97
    return None


def _may_ask(turn: Turn) -> tuple[Cue, float] | None:
    """Return words such as "don't call me", unless they are about a time or about how somebody is called."""
    others = cues.find(turn, ["notdnc"])
    for cue in cues.find(turn, ["dncweak"]):
        if any(each.first <= cue.first < each.last for each in others):
            continue
        if not _is_restricted(turn, cue):
            return cue, 0.8
    return None


def _is_restricted(turn: Turn, cue: Cue) -> bool:
    """Return whether the words after it make "don't call me" a matter of time, or of how somebody is called."""
    stop = cue.last
    while stop < min(len(turn.words), cue.last + MAX_RESTRICTION) and turn.words[stop].form not in STOPS:
        stop += 1
    start = cue.first
    while start > max(0, cue.first - MAX_RESTRICTION) and turn.words[start - 1].form not in STOPS:
        start -= 1
    near = cues.find(turn, ["restriction", "ever"])
    after = [each for each in near if cue.last <= each.first < stop]
    if _verb_comes_last(turn):
        after += [each for each in near if start <= each.first < cue.first]
    if any(each.kind == "ever" for each in after):
        return False
    return bool(after) or any(
        each.first < cue.last <= each.last for each in cues.find(turn, ["restriction"]) if each.last > cue.last
    )


def _verb_comes_last(turn: Turn) -> bool:
    """Return whether the time stands before the verb, as in Hindi."""
    return language_of(turn.line) == "hi"


def _agreed(before: Turn | None, turn: Turn) -> tuple[Cue, float] | None:
    """Return the person's yes to "shall I take you off our list?"."""
    if before is None or before.role != "agent" or not cues.has(before, "dncoffer"):
        return None
    if "?" not in before.line and not cues.has(before, "when"):
        return None
    if cues.begins(turn, "no") or not cues.begins(turn, "yes"):
        return None
    last = min(len(turn.words), 6)
    return Cue("dnc", turn.index, 0, last, turn.said(0, last)), 0.9
