"""Find the time that both agreed on for the next call or meeting."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from voice.analysis.reading import calendar, clock, cues
from voice.analysis.reading.languages import language_of
from voice.analysis.reading.times import Hour, When
from voice.analysis.reading.words import STOPS, Turn, word_set

# Words between "not" and the day it is about.
NEAR: Final = 3
SHORT_ANSWER: Final = 12
SHORT_NUMBER: Final = 6
# Words that bound a time: "not before ten" names one.
BOUNDS: Final = word_set(
    "until till bis hasta before vor antes avant after nach ab apres despues tras partir jusqu a بعد قبل"
)
# Zones of countries that write the month before the day.
MONTH_FIRST: Final = ("America/", "US/", "Pacific/Honolulu")
DAY_FIRST: Final = ("America/Argentina", "America/Mexico", "America/Bogota", "America/Lima", "America/Sao_Paulo",
                    "America/Santiago", "America/Caracas")  # fmt: skip


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The moment, and the turn and words that name it."""

    at: datetime
    turn: int
    words: str
    confidence: float


def find(turns: Sequence[Turn], start: datetime, language: str) -> FollowUp | None:
    """Return the last time that the person named or agreed to, in the zone of ``start``, or None."""
    return _Talk(start, language).follow(turns)


def month_first(zone: str) -> bool:
    """Return whether dates such as 12/14 begin with the month in the zone."""
    return zone.startswith(MONTH_FIRST) and not zone.startswith(DAY_FIRST)


@dataclass(slots=True)
class _Named:
    when: When
    turn: Turn
    sure: float


class _Talk:
    def __init__(self, start: datetime, language: str) -> None:
        self.start = start
        self.language = language
        self.month_first = month_first(str(start.tzinfo))
        # What the agent proposed and nobody has answered, and what holds.
        self.proposed: list[_Named] = []
        self.held: _Named | None = None
        self.asked = False

    def follow(self, turns: Sequence[Turn]) -> FollowUp | None:
        spoken = [turn for turn in turns if turn.role in ("agent", "person")]
        for turn in spoken:
            if turn.role == "agent":
                self._agent(turn)
            else:
                self._person(turn)
        if self.held is None:
            return None
        at = calendar.resolve(self.held.when, self.start)
        if at is None:
            return None
        turn = self.held.turn
        words = turn.said(self.held.when.first, min(self.held.when.last, len(turn.words)))
        return FollowUp(at, turn.index, words, self.held.sure)

    def _agent(self, turn: Turn) -> None:
        named = [each for each in self._named(turn) if each.hour or each.day]
        asks = "?" in turn.line and (bool(named) or cues.has(turn, "meeting"))
        self.asked = asks or cues.has(turn, "when")
        if named:
            self.proposed = [_Named(each, turn, 0.85) for each in named]

    def _person(self, turn: Turn) -> None:
        named = self._named(turn)
        refused, rest = self._without_refused(turn, named)
        expects = self.asked or bool(self.proposed)
        if rest and self._is_meant(turn, rest, expects):
            self._take(turn, self._chosen(turn, rest))
        elif refused and not rest:
            self.proposed = []
            if self.held is not None and any(self._same_day(self.held.when, each) for each in refused):
                self.held = None
        elif self.proposed:
            self._answer(turn)
        self.asked = False

    def _named(self, turn: Turn) -> list[When]:
        language = language_of(turn.line, otherwise=self.language)
        found = [each for each in clock.find(turn, language, month_first=self.month_first) if not each.past]
        if not found and language != self.language:
            again = clock.find(turn, self.language, month_first=self.month_first)
            found = [each for each in again if not each.past]
        sure = [each for each in found if not each.bare]
        # A number alone is an hour only where one is expected, and little else was said.
        expected = self.asked or bool(self.proposed) or (turn.role == "agent" and self.held is not None)
        return sure or (found if expected and turn.count <= SHORT_NUMBER else [])

    def _without_refused(self, turn: Turn, named: Sequence[When]) -> tuple[list[When], list[When]]:
        """Return what was named as impossible, and the rest."""
        away = cues.find(turn, ["away"])
        turns_around = cues.find(turn, ["turnaround"])
        refused, rest = [], []
        for place, each in enumerate(named):
            begin = named[place - 1].last if place else 0
            end = named[place + 1].first if place + 1 < len(named) else len(turn.words)
            if self._is_refused(turn, each, away, turns_around, begin, end):
                refused.append(each)
            else:
                rest.append(each)
        return refused, rest

    def _is_refused(self, turn, each, away, turns_around, begin, end) -> bool:  # type: ignore[no-untyped-def]
        first_word = turn.words[each.first].form
        if first_word in BOUNDS:
            return False
        callbacks = cues.find(turn, ["callback"])
        for cue in away:
            between_before = range(cue.last, each.first)
            between_after = range(each.last, cue.first)
            if begin <= cue.first and cue.last <= each.first and len(between_before) <= NEAR:
                between = between_before
            elif each.last <= cue.first and cue.last <= end and len(between_after) <= NEAR:
                between = between_after
            else:
                continue
            if any(turn.words[word].form in STOPS for word in between):
                continue
            if any(callback.first in between or callback.first == each.first - 1 for callback in callbacks):
                continue
            if any(cue.first - NEAR <= now.first < cue.first for now in cues.find(turn, ["now"])):
                # "I am busy now": of the day that comes after, it says nothing.
                continue
            if any(around.first in between or around.first == cue.first for around in turns_around):
                continue
            if (
                cue.first == 0
                and cue.last <= 1
                and cue.last < each.first
                and turn.words[0].form in ("no", "nein", "non")
            ):
                # "No Wednesday is better."
                continue
            return True
        return False

    def _is_meant(self, turn: Turn, rest: Sequence[When], expects: bool) -> bool:
        """Return whether a time that the person named is one for the next call."""
        if cues.has(turn, "info") and not cues.has(turn, "callback") and not any(each.hour for each in rest):
            # "E-mail me something, I will look at it next quarter."
            return False
        if expects and (turn.count <= SHORT_ANSWER or cues.has(turn, "accepttime") or cues.has(turn, "callback")):
            return True
        if any(cues.has(turn, kind) for kind in ("callback", "meeting", "dncweak")):
            return True
        if cues.has(turn, "busy") and any(each.day for each in rest):
            return True
        if cues.has(turn, "accepttime") and any(each.day and each.hour for each in rest):
            return True
        if "?" in turn.line and (cues.has(turn, "when") or any(each.day and each.hour for each in rest)):
            return True
        return expects or (self.held is not None and turn.count <= SHORT_ANSWER)

    def _chosen(self, turn: Turn, rest: Sequence[When]) -> When:
        """Return which of several times is meant: the first of a choice, else the last, completed by the others."""
        if len(rest) == 1:
            return rest[0]
        between = [word.form for word in turn.words[rest[0].last : rest[1].first]]
        if set(between) & {"or", "oder", "o", "ou", "او", "या", "and", "und", "y", "et", "to", "bis"}:
            first, second = rest[0], rest[1]
            if first.hour is None and second.hour is not None:
                return replace(first, hour=second.hour)
            return first
        last = rest[-1]
        for other in reversed(rest[:-1]):
            if last.day is None and other.day is not None:
                last = replace(last, day=other.day)
            elif last.hour is None and other.hour is not None and other.day is None:
                last = replace(last, hour=other.hour)
        return last

    def _in_week(self, when: When) -> When:
        """Let a weekday be one of the week that the agent spoke of: "next week, Wednesday or Thursday"."""
        day = when.day
        if day is None or day.kind != "weekday" or day.month:
            return when
        known = [each.when.day for each in self.proposed if each.when.day is not None]
        if self.held is not None and self.held.when.day is not None:
            known.append(self.held.when.day)
        ahead = any(each.kind == "next_week" or (each.kind == "weekday" and each.month) for each in known)
        return replace(when, day=replace(day, month=1)) if ahead else when

    def _take(self, turn: Turn, when: When) -> None:
        when = self._in_week(when)
        base = self.proposed[-1].when if self.proposed else None
        known = self.held.when if self.held else None
        if when.day is None and not _is_span(when):
            day = next((each.day for each in (base, known) if each is not None and each.day is not None), None)
            part = next((each.hour for each in (base, known) if each is not None and each.hour is not None), None)
            hour = when.hour
            if hour is not None and part is not None and part.part and not hour.part and part.hour < 0:
                hour = replace(hour, part=part.part)
            when = replace(when, day=day, hour=hour)
        elif when.hour is None and cues.has(turn, "sametime"):
            hour = next((each.hour for each in (base, known) if each is not None and each.hour is not None), None)
            when = replace(when, hour=hour)
        elif when.hour is None and base is not None and self._same_day(base, when):
            when = replace(when, hour=base.hour)
        elif when.hour is None and known is not None and self._same_day(known, when):
            when = replace(when, hour=known.hour)
        self.held = _Named(when, turn, 0.95)
        self.proposed = []

    def _answer(self, turn: Turn) -> None:
        if cues.begins(turn, "no") and not cues.begins(turn, "yes"):
            self.proposed = []
            return
        accepts = cues.begins(turn, "yes") or cues.has(turn, "accepttime") or cues.has(turn, "positive")
        accepts = accepts or cues.has(turn, "first") or cues.has(turn, "latter") or self.held is not None
        if not accepts or (cues.has(turn, "refuse") or cues.has(turn, "dnc")):
            return
        chosen = self.proposed[-1] if cues.has(turn, "latter") else self.proposed[0]
        when = self._in_week(self._whole_proposal(chosen))
        known = self.held.when if self.held else None
        if known is not None and when.day is None and not _is_span(when):
            when = replace(when, day=known.day)
        if known is not None and when.hour is None and self._same_day(known, when):
            when = replace(when, hour=known.hour)
        self.held = _Named(when, chosen.turn, 0.85)
        self.proposed = []

    def _whole_proposal(self, chosen: _Named) -> When:
        """Complete a proposal by what the agent said in the same breath: "Thursday? Say, at ten?"."""
        when = chosen.when
        for other in self.proposed:
            if other is chosen:
                continue
            if when.hour is None and other.when.day is None and other.when.hour is not None:
                when = replace(when, hour=other.when.hour)
            elif when.day is None and other.when.hour is None and other.when.day is not None:
                when = replace(when, day=other.when.day)
        return when

    def _same_day(self, one: When, other: When) -> bool:
        if one.day is None or other.day is None:
            return False
        try:
            return calendar.day_of(one.day, self.start) == calendar.day_of(other.day, self.start)
        except (ValueError, OverflowError):
            return False


def _is_span(when: When) -> bool:
    hour: Hour | None = when.hour
    return hour is not None and (hour.minutes_from_now >= 0 or hour.part == "later")
