"""Sum a call up in the person's own words: nothing is said that the transcript does not have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from voice.analysis.reading import cues
from voice.analysis.reading.cues import Cue
from voice.analysis.reading.findings import Objection, Outcome
from voice.analysis.reading.words import Turn

MAX_QUOTES: Final = 3
MAX_QUOTE: Final = 160
MAX_POINTS: Final = 8
SENTENCES: Final = {
    Outcome.MEETING_BOOKED: "A meeting was agreed on",
    Outcome.INTERESTED: "The person is interested",
    Outcome.INFORMATION: "The person asked for information",
    Outcome.CALLBACK: "The person asked to be called again",
    Outcome.UNDECIDED: "The conversation ended without a result",
    Outcome.NOT_INTERESTED: "The person is not interested",
    Outcome.DO_NOT_CALL: "The person asked not to be called again",
    Outcome.WRONG_PERSON: "Somebody else answered: the number is not the lead's",
    Outcome.GATEKEEPER: "Somebody else answered, the lead was not reached",
    Outcome.CUSTOMER: "The person is a customer already",
    Outcome.VOICEMAIL: "A voicemail answered",
    Outcome.IVR: "An automatic menu answered",
    Outcome.NO_CONVERSATION: "Nobody spoke",
}
ACTIONS: Final = {
    Outcome.MEETING_BOOKED: "Prepare the meeting and send the invitation.",
    Outcome.INTERESTED: "Call soon and propose a meeting.",
    Outcome.INFORMATION: "Send what was asked for, and follow up.",
    Outcome.CALLBACK: "Call again at the time that was asked for.",
    Outcome.UNDECIDED: "Follow up once more.",
    Outcome.NOT_INTERESTED: "Leave the person alone.",
    Outcome.DO_NOT_CALL: "Do not call this number again.",
    Outcome.WRONG_PERSON: "Correct the number of the lead.",
    Outcome.GATEKEEPER: "Try to reach the lead at another time.",
    Outcome.CUSTOMER: "Hand over to whoever looks after customers.",
    Outcome.VOICEMAIL: "Try again at another time.",
    Outcome.IVR: "Find a direct number, or try again.",
    Outcome.NO_CONVERSATION: "Try again at another time.",
}
# What is worth a quote, the most telling first.
TELLING: Final = ("dnc", "refuse", "customer", "wrong", "interest", "info", "callback", "gate", *Objection, "strong")


def summarise(
    turns: Sequence[Turn],
    outcome: Outcome,
    follow_up: datetime | None,
    objections: Sequence[tuple[Objection, Cue]],
    first: Sequence[Cue | None],
) -> tuple[str, list[str]]:
    """Return the summary, and the sentences of the person that carry it."""
    sentence = SENTENCES[outcome]
    if follow_up is not None:
        sentence += f", for {follow_up:%A, %-d %B %Y, %H:%M}"
    parts = [f"{sentence}."]
    if objections:
        parts.append(f"Raised: {', '.join(kind.value for kind, _cue in objections)}.")
    quotes = _quotes(turns, first)
    if quotes and outcome not in (Outcome.NO_CONVERSATION,):
        parts.append(" ".join(f"“{quote}”" for quote in quotes[:MAX_QUOTES]))
    return " ".join(parts), quotes[:MAX_POINTS]


def questions(turns: Sequence[Turn]) -> list[str]:
    """Return the questions of the person."""
    found: dict[str, None] = {}
    for turn in turns:
        if turn.role != "person":
            continue
        begin = 0
        for place, word in enumerate(turn.words):
            if word.form == "?" and place - begin >= 2:
                found.setdefault(_shortened(turn.said(begin, place + 1)))
            if word.form in (".", "?"):
                begin = place + 1
        if "?" not in turn.line and turn.count > 2 and cues.begins(turn, "question"):
            found.setdefault(_shortened(turn.text.strip()))
    return list(found)[:MAX_POINTS]


def sentence_of(turn: Turn, cue: Cue) -> str:
    """Return the sentence that a phrase stands in."""
    first = cue.first
    while first > 0 and turn.words[first - 1].form not in (".", "?"):
        first -= 1
    last = cue.last
    while last < len(turn.words) and turn.words[last - 1].form not in (".", "?"):
        last += 1
    return _shortened(turn.said(first, last))


def _quotes(turns: Sequence[Turn], first: Sequence[Cue | None]) -> list[str]:
    by_index = {turn.index: turn for turn in turns}
    telling = [cue for cue in first if cue is not None and cue.turn in by_index]
    for kind in TELLING:
        telling += [cue for turn in turns if turn.role == "person" for cue in cues.find(turn, [kind])]
    seen: dict[tuple[int, str], None] = {}
    for cue in telling:
        turn = by_index[cue.turn]
        if turn.role == "person":
            seen.setdefault((turn.index, sentence_of(turn, cue)))
    chosen = list(seen)[:MAX_POINTS]
    return [text for _index, text in chosen if text]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1].rsplit(' ', 1)[0]}…"
