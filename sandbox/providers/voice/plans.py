"""What will happen on a call, decided when it is placed: when it rings, who answers, what is said, how it ends."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

from sandbox.providers.voice.people import Person
from sandbox.providers.voice.scripts import AGENT, OPENING, PERSON, lines_of

SECONDS_A_LETTER: Final = 0.065
PAUSE_SECONDS: Final = 0.5
# How long an agent listens to somebody who says nothing, or to a machine.
PATIENCE_SECONDS: Final = 8.0
RING_SECONDS: Final = 25.0


class Ending(StrEnum):
    """Why a call ended, whatever the protocol calls it."""

    PERSON_HUNG_UP = "person_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    TRUNK_FAILED = "trunk_failed"
    CANCELLED = "cancelled"
    TOO_LONG = "too_long"
    OVER_LIMIT = "over_limit"


@dataclass
class Turn:
    role: str
    text: str
    start: float
    end: float


@dataclass
class Plan:
    """Times are seconds: to the ringing from the placing, to the answer and the end from the step before."""

    rings: float
    answers: float | None
    ends: float
    ending: Ending
    answered_by: str = "human"
    language: str = "en"
    turns: list[Turn] = field(default_factory=list)
    # What the agent asks for: seconds from the answer, name, arguments.
    tools: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of(value: dict[str, Any]) -> "Plan":
        turns = [Turn(**each) for each in value["turns"]]
        tools = [(after, name, arguments) for after, name, arguments in value["tools"]]
        return Plan(**{**value, "ending": Ending(value["ending"]), "turns": turns, "tools": tools})

    def cut(self, seconds: float) -> None:
        """Let the conversation end after so many seconds."""
        self.turns = [turn for turn in self.turns if turn.start < seconds]
        for turn in self.turns:
            if turn.end > seconds:
                said = (seconds - turn.start) / (turn.end - turn.start)
                turn.text = turn.text[: max(int(len(turn.text) * said), 1)].rstrip() + " —"
                turn.end = seconds
        self.tools = [each for each in self.tools if each[0] <= seconds]


UNANSWERED: Final = {
    "declines": Ending.DECLINED,
    "busy": Ending.BUSY,
    "no_answer": Ending.NO_ANSWER,
    "wrong_number": Ending.WRONG_NUMBER,
    "trunk_fails": Ending.TRUNK_FAILED,
}
MACHINES: Final = {"voicemail": "machine-vm", "ivr": "machine-ivr"}
TOOLS: Final = {
    "books": ("book_slot", {"day": "thursday", "time": "10:00"}),
    "tuesday": ("call_back", {"day": "tuesday", "time": "15:00"}),
    "never_again": ("do_not_call_again", {}),
}


def plan_of(
    person: Person, chance: Random, *, first_message: str, pace: float, ringing_seconds: float, max_seconds: float
) -> Plan:
    """Return what will happen. ``pace`` is how much faster everything goes, speech included."""
    rings = chance.uniform(0.5, 2.0)
    ending = UNANSWERED.get(person.behaviour)
    if ending is not None:
        waits = {Ending.NO_ANSWER: ringing_seconds, Ending.DECLINED: chance.uniform(2, 8)}.get(ending, 1.0)
        plan = Plan(rings, None, waits, ending, language=person.language)
    else:
        plan = _conversation(person, chance, rings, first_message)
        if plan.answers is not None and plan.answers > ringing_seconds:
            plan = Plan(rings, None, ringing_seconds, Ending.NO_ANSWER, language=person.language)
        elif plan.ends > max_seconds:
            plan.cut(max_seconds)
            plan.ends, plan.ending = max_seconds, Ending.TOO_LONG
    return _hurried(plan, pace)


def _conversation(person: Person, chance: Random, rings: float, first_message: str) -> Plan:
    answers = RING_SECONDS - 3 if person.behaviour == "voicemail" else chance.uniform(3, 15)
    email = f"{person.number.lstrip('+')}@people.example"
    lines = [(role, text.format(email=email)) for role, text in lines_of(person.behaviour, person.language)]
    if person.behaviour not in MACHINES:
        lines.insert(0, (AGENT, first_message or OPENING[person.language]))
    turns, at = _spoken(lines, chance)
    plan = Plan(rings, answers, at, _ending_of(person.behaviour), language=person.language, turns=turns)
    plan.answered_by = MACHINES.get(person.behaviour, "human")
    if person.behaviour in TOOLS:
        name, arguments = TOOLS[person.behaviour]
        plan.tools.append((turns[1].end, name, dict(arguments)))
    if person.behaviour == "hangs_up":
        last = turns[-1]
        plan.ends = (last.start + last.end) / 2
        plan.cut(plan.ends)
    elif person.behaviour in ("voicemail", "silent"):
        plan.ends += PATIENCE_SECONDS
    return plan


def _ending_of(behaviour: str) -> Ending:
    if behaviour == "voicemail":
        return Ending.VOICEMAIL
    by_person = behaviour in ("hangs_up", "answers", "tuesday")
    return Ending.PERSON_HUNG_UP if by_person else Ending.AGENT_HUNG_UP


def _spoken(lines: list[tuple[str, str]], chance: Random) -> tuple[list[Turn], float]:
    """Return the turns one after the other, and when the last of them is over."""
    turns, at = [], PAUSE_SECONDS
    for role, text in lines:
        takes = max(0.8, len(text) * SECONDS_A_LETTER * chance.uniform(0.9, 1.1))
        turns.append(Turn(role, text, round(at, 2), round(at + takes, 2)))
        at = turns[-1].end + PAUSE_SECONDS * (1 if role == PERSON else chance.uniform(1, 2))
    return turns, round(at, 2)


def _hurried(plan: Plan, pace: float) -> Plan:
    if pace == 1:
        return plan
    plan.rings, plan.ends = plan.rings / pace, plan.ends / pace
    plan.answers = None if plan.answers is None else plan.answers / pace
    plan.turns = [Turn(each.role, each.text, each.start / pace, each.end / pace) for each in plan.turns]
    plan.tools = [(after / pace, name, arguments) for after, name, arguments in plan.tools]
    return plan
