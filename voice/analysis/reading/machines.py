"""Tell machines from people: voicemail, menus, announcements of the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice.analysis.reading import cues
from voice.analysis.reading.cues import Cue
from voice.analysis.reading.findings import AnsweredBy
from voice.analysis.reading.words import Turn

MACHINE_KINDS: Final = {
    "gone": AnsweredBy.MACHINE_UNAVAILABLE,
    "vm": AnsweredBy.MACHINE_VM,
    "ivr": AnsweredBy.MACHINE_IVR,
}
# Kinds of phrases that a person says, in an answer to somebody.
HUMAN_KINDS: Final = (
    "hello",
    "yes",
    "no",
    "refuse",
    "interest",
    "callback",
    "busy",
    "gate",
    "wrong",
    "customer",
    "dnc",
    "info",
    "trust",
    "rude",
)
# In a longer answer machines' words are somebody's who talks about machines.
MAX_TURNS_BEFORE_MACHINE: Final = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered, the words that tell, and the turn from which on somebody speaks."""

    by: AnsweredBy
    cue: Cue | None
    confidence: float
    human_from: int


def find(turns: Sequence[Turn]) -> Answer:
    """Return who answered. A person who comes after a menu counts as the one who answered."""
    spoken = [turn for turn in turns if turn.role == "person" and turn.count]
    if not spoken:
        return Answer(AnsweredBy.UNCERTAIN, None, 0.6, 0)
    heard = [(place, cue) for place, turn in enumerate(spoken) if (cue := _machine(turn)) is not None]
    heard = [(place, cue) for place, cue in heard if place < MAX_TURNS_BEFORE_MACHINE or _follows(heard, place)]
    if not heard or _is_talk_about_machines(turns, spoken, heard[0]):
        return Answer(AnsweredBy.HUMAN, None, 0.9, 0)
    last, cue = heard[-1]
    person = _somebody_after(turns, spoken, last)
    if person is not None:
        return Answer(AnsweredBy.HUMAN, None, 0.85, person)
    kinds = {each.kind for _place, each in heard}
    kind = next(kind for kind in MACHINE_KINDS if kind in kinds)
    if kind == "vm" and "ivr" in kinds and heard[-1][1].kind == "ivr" and not _leaves_message(spoken):
        kind = "ivr"
    shown = next(each for _place, each in heard if each.kind == kind)
    return Answer(MACHINE_KINDS[kind], shown, 0.95, len(turns))


def _machine(turn: Turn) -> Cue | None:
    """Return the phrase of a machine in a turn: of the network before voicemail, of voicemail before a menu."""
    found = cues.find(turn, MACHINE_KINDS)
    return min(found, key=lambda each: list(MACHINE_KINDS).index(each.kind), default=None)


def _follows(heard: Sequence[tuple[int, Cue]], place: int) -> bool:
    return any(other < MAX_TURNS_BEFORE_MACHINE for other, _cue in heard if other < place)


def _leaves_message(spoken: Sequence[Turn]) -> bool:
    return any(each.kind == "vm" for turn in spoken for each in cues.find(turn, ["vm"]))


def _is_talk_about_machines(turns: Sequence[Turn], spoken: Sequence[Turn], first: tuple[int, Cue]) -> bool:
    """Return whether somebody had spoken as a person before the words of a machine came."""
    place, cue = first
    if place == 0:
        turn = spoken[0]
        opening = cues.find(turn, ["gate"])
        return turn.count <= 14 and any(each.first <= cue.first for each in opening) and "?" in turn.line
    earlier = spoken[:place]
    answered = [each for each in earlier if any(t.role == "agent" and t.index < each.index for t in turns)]
    return any(cues.find(each, HUMAN_KINDS) and each.count > 1 for each in answered) and not all(
        cues.begins(each, "hello") and each.count <= 2 for each in answered
    )


def _somebody_after(turns: Sequence[Turn], spoken: Sequence[Turn], last: int) -> int | None:
    """Return the index of the first turn of a person who speaks after the machine, and is spoken to."""
    machine = spoken[last].index
    for turn in spoken[last + 1 :]:
        answered = any(t.role == "agent" and t.index > machine for t in turns)
        if answered and cues.find(turn, HUMAN_KINDS):
            return turn.index
    return None
