"""Decide what came of a call, how the person took it, and why they hesitated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from voice.analysis.reading import cues
from voice.analysis.reading.cues import Cue
from voice.analysis.reading.findings import Objection, Outcome
from voice.analysis.reading.follow_ups import FollowUp
from voice.analysis.reading.words import STOPS, Turn, word_set

STANCES: Final = ("refuse", "interest", "info", "callback", "busy", "customer", "wrong", "gate", "sarcasm", "authority")
# Words that turn "interested" around stand right before it.
NEGATIONS: Final = word_set(
    "not no dont never isnt arent wasnt nicht kein keine no ni pas plus لا ليس غير مش नहीं nahi hardly"
)
NEGATION_WORDS: Final = 3
GREETING_WORDS: Final = 4
NEAR_TURNS: Final = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome, the words that tell, and how sure it is."""

    outcome: Outcome
    cue: Cue | None
    confidence: float


def decide(turns: Sequence[Turn], follow_up: FollowUp | None) -> Decision:
    """Return what came of a conversation with a person who did not ask to be left alone."""
    spoken = [turn for turn in turns if turn.role == "person" and turn.count]
    said = {kind: _said(spoken, kind) for kind in STANCES}
    if follow_up is None and _is_no_conversation(spoken, said):
        return Decision(Outcome.NO_CONVERSATION, None, 0.85)
    refusal, yes = _last(said["refuse"]), _last(_interest(spoken))
    sarcastic = said["sarcasm"]
    if sarcastic:
        yes = None if yes is None or any(each.turn >= yes.turn for each in sarcastic) else yes
    if said["wrong"] and not _corrected(spoken, said["wrong"][-1], yes):
        return Decision(Outcome.WRONG_PERSON, said["wrong"][-1], 0.92)
    if said["customer"] and not _later(refusal, said["customer"][-1], by=2):
        return Decision(Outcome.CUSTOMER, said["customer"][-1], 0.9)
    booked = _booked(turns, follow_up)
    if booked is not None and not _later(refusal, booked):
        return Decision(Outcome.MEETING_BOOKED, booked, 0.92)
    soft = _last([*said["callback"], *said["busy"]])
    if follow_up is not None and not _refused_after(refusal, follow_up):
        cue = Cue("time", follow_up.turn, 0, 1, follow_up.words)
        return Decision(Outcome.CALLBACK, cue, 0.88)
    stays = not _later(yes, refusal) and not _later(_last(said["info"]), refusal)
    if refusal is not None and stays and (soft is None or refusal.turn >= soft.turn):
        return Decision(Outcome.NOT_INTERESTED, refusal, 0.9)
    if said["gate"] and _is_gatekeeper(said, yes):
        return Decision(Outcome.GATEKEEPER, said["gate"][-1], 0.85)
    return _open_end(spoken, said, yes, refusal, soft, sarcastic)


def _open_end(
    spoken: Sequence[Turn],
    said: dict[str, list[Cue]],
    yes: Cue | None,
    refusal: Cue | None,
    soft: Cue | None,
    sarcastic: Sequence[Cue],
) -> Decision:
    """Decide about a conversation in which neither a time was agreed on nor anything was refused last."""
    info = _last(said["info"])
    if info is not None and (yes is None or info.turn >= yes.turn):
        strong = any(cues.has(turn, "strong") for turn in spoken)
        if yes is not None and strong:
            return Decision(Outcome.INTERESTED, yes, 0.75)
        return Decision(Outcome.INFORMATION, info, 0.85)
    if yes is not None and (soft is None or yes.turn >= soft.turn or soft.kind == "busy"):
        return Decision(Outcome.INTERESTED, yes, 0.8)
    if soft is not None:
        return Decision(Outcome.CALLBACK, soft, 0.75)
    if sarcastic:
        return Decision(Outcome.NOT_INTERESTED, sarcastic[-1], 0.7)
    rude = [cue for turn in spoken for cue in cues.find(turn, ["rude"])]
    if rude:
        return Decision(Outcome.NOT_INTERESTED, rude[-1], 0.65)
    if any(cues.begins(turn, "no") for turn in spoken[-2:]) and not objections(spoken):
        turn = next(turn for turn in reversed(spoken) if cues.begins(turn, "no"))
        return Decision(Outcome.NOT_INTERESTED, cues.find(turn, ["no"])[0], 0.55)
    return Decision(Outcome.UNDECIDED, None, 0.6)


def sentiment(turns: Sequence[Turn], outcome: Outcome, *, do_not_call: bool) -> tuple[str | None, Cue | None]:
    """Return how the person took the call, and the words that tell. None where nobody was spoken to."""
    spoken = [turn for turn in turns if turn.role == "person" and turn.count]
    if outcome in (Outcome.VOICEMAIL, Outcome.IVR, Outcome.NO_CONVERSATION):
        return None, None
    rude = _said(spoken, "rude")
    sarcastic = _said(spoken, "sarcasm")
    if rude or sarcastic or do_not_call:
        return "negative", next(iter(rude or sarcastic), None)
    strong = [cue for cue in _said(spoken, "strong") if not _negated(spoken, cue)]
    warm = outcome in (Outcome.MEETING_BOOKED, Outcome.INTERESTED)
    if strong and warm:
        return "very_interested", strong[-1]
    positive = [cue for cue in _said(spoken, "positive") if not _negated(spoken, cue)]
    interest = _interest(spoken)
    if warm:
        return "positive", _last(interest or positive)
    if outcome in (Outcome.CALLBACK, Outcome.INFORMATION, Outcome.UNDECIDED, Outcome.CUSTOMER):
        return ("positive", interest[-1]) if interest else ("neutral", None)
    return "neutral", None


def objections(turns: Sequence[Turn]) -> list[tuple[Objection, Cue]]:
    """Return the objections of the person, each once, with the words that first say it."""
    found: dict[Objection, Cue] = {}
    for turn in turns:
        if turn.role != "person":
            continue
        # "We have a subscription with you already" names no competitor.
        theirs = cues.find(turn, ["customer"])
        for kind in Objection:
            said = [cue for cue in cues.find(turn, [kind]) if not any(cue.first <= each.last for each in theirs)]
            if kind not in found and said:
                found[kind] = said[0]
    return list(found.items())


def refuses_recording(turns: Sequence[Turn]) -> Cue | None:
    """Return the words in which the person does not allow the call to be recorded or analysed, or None."""
    return next((cue for turn in turns if turn.role == "person" for cue in cues.find(turn, ["recording"])), None)


def _said(spoken: Iterable[Turn], kind: str) -> list[Cue]:
    return [cue for turn in spoken for cue in cues.find(turn, [kind])]


def _interest(spoken: Sequence[Turn]) -> list[Cue]:
    """Return the words of interest that nothing turns around."""
    found = []
    for turn in spoken:
        refused = cues.find(turn, ["refuse"])
        for cue in cues.find(turn, ["interest"]):
            inside = any(each.first <= cue.last and cue.first <= each.last for each in refused)
            if not inside and not _negated([turn], cue):
                found.append(cue)
    return found


def _negated(spoken: Sequence[Turn], cue: Cue) -> bool:
    turn = next(each for each in spoken if each.index == cue.turn)
    for word in reversed(turn.words[max(0, cue.first - NEGATION_WORDS) : cue.first]):
        if word.form in STOPS:
            return False
        if word.form in NEGATIONS:
            return True
    return False


def _last(found: Sequence[Cue]) -> Cue | None:
    return max(found, key=lambda each: (each.turn, each.first), default=None)


def _later(one: Cue | None, other: Cue | None, *, by: int = 0) -> bool:
    """Return whether the first was said after the second."""
    if one is None:
        return False
    return other is None or (one.turn, one.first) > (other.turn + by, other.first)


def _refused_after(refusal: Cue | None, follow_up: FollowUp) -> bool:
    return refusal is not None and refusal.turn > follow_up.turn


def _is_no_conversation(spoken: Sequence[Turn], said: dict[str, list[Cue]]) -> bool:
    """Return whether nothing but a greeting was said."""
    if not spoken:
        return True
    if any(said.values()):
        return False
    words = sum(turn.count for turn in spoken)
    return words <= GREETING_WORDS and all(cues.begins(turn, "hello") for turn in spoken)


def _corrected(spoken: Sequence[Turn], wrong: Cue, yes: Cue | None) -> bool:
    return yes is not None and yes.turn > wrong.turn


def _is_gatekeeper(said: dict[str, list[Cue]], yes: Cue | None) -> bool:
    return yes is None or said["gate"][-1].turn >= yes.turn


def _booked(turns: Sequence[Turn], follow_up: FollowUp | None) -> Cue | None:
    """Return the words that say that a meeting was agreed on: there is a time, and both speak of a meeting."""
    if follow_up is None:
        return None
    near = [turn for turn in turns if turn.role in ("agent", "person") and abs(turn.index - follow_up.turn) <= 4]
    asked_to_call = [cue for turn in near if turn.role == "person" for cue in cues.find(turn, ["callback", "busy"])]
    # "I am in a meeting" is none that was agreed on.
    speaks = [turn for turn in near if turn.role == "agent" or not cues.find(turn, ["busy", "gate"])]
    meeting = [cue for turn in speaks for cue in cues.find(turn, ["meeting"])]
    meeting = [cue for cue in meeting if not (cue.turn > follow_up.turn + 3)]
    if not meeting:
        return None
    by_person = [cue for cue in meeting if any(t.index == cue.turn and t.role == "person" for t in turns)]
    if asked_to_call and not by_person and not any(cues.has(t, "confirm") for t in near if t.index > follow_up.turn):
        return None
    if any(cues.has(turn, "gate") for turn in near if turn.role == "person"):
        return None
    busy = [cue for cue in asked_to_call if cue.kind == "busy"]
    near_time = any(abs(cue.turn - follow_up.turn) <= NEAR_TURNS for cue in meeting)
    if busy and not by_person and follow_up.turn <= busy[-1].turn + NEAR_TURNS and not near_time:
        return None
    return meeting[-1]
