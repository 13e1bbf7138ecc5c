"""The chart of days: what was sent and what came of it, as bars of an SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from campaigns.analytics.report import DayNumbers

BAR_WIDTH: Final = 10
# With more days than this, each bar is a week.
MOST_BARS: Final = 92
# Colour, name and number of each part of a bar, from below.
SERIES: Final = ((2, "Answered", "replied"), (3, "Opened", "opened"), (1, "Sent", "sent"))
DATES_SHOWN: Final = 8
STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar, in hundredths of the chart's height from above."""

    colour: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The bars of one day or week, beside each other. ``x`` is where they begin."""

    x: int
    tooltip: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place, in hundredths."""

    position: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of bars that lie before each other, the smallest in front."""

    width: int
    bars: tuple[Bar, ...]
    amounts: tuple[Label, ...]
    days: tuple[Label, ...]
    legend: tuple[tuple[int, str], ...]


def chart(days: Sequence[DayNumbers], *, opens: bool) -> Chart | None:
    """Return the chart of the days, by weeks if they are many; None if nothing was sent or came back."""
    series = [each for each in SERIES if opens or each[2] != "opened"]
    columns = list(_by_week(days) if len(days) > MOST_BARS else _by_day(days))
    top = _top(max((max(numbers.values()) for _day, _text, numbers in columns), default=0))
    if not top:
        return None
    bars = []
    for place, (_day, text, numbers) in enumerate(columns):
        parts = "\n".join(f"{name}: {numbers[key]:,}" for _colour, name, key in reversed(series))
        # The largest first, so that the smaller ones lie before it.
        drawn = sorted(((numbers[key], colour) for colour, _name, key in series), reverse=True)
        segments = tuple(
            Segment(colour, round(100 - 100 * number / top, 2), round(100 * number / top, 2))
            for number, colour in drawn
            if number
        )
        bars.append(Bar(place * BAR_WIDTH, f"{text}\n{parts}", segments))
    every = max(len(columns) // DATES_SHOWN, 1)
    labels = tuple(
        Label(round(100 * (place + 0.5) / len(columns), 2), f"{day.day} {day:%b}")
        for place, (day, _text, _numbers) in enumerate(columns)
        if place % every == 0
    )
    amounts = tuple(Label(share, f"{top * share // 100:,}") for share in (0, 50, 100) if top > 1 or share != 50)
    return Chart(
        len(columns) * BAR_WIDTH,
        tuple(bars),
        amounts,
        labels,
        tuple((colour, name) for colour, name, _key in reversed(series)),
    )


def _numbers(day: DayNumbers) -> dict[str, int]:
    sent = max(day.sent, day.reached["contacted"])
    return {"sent": sent, "opened": day.reached["opened"], "replied": day.reached["replied"]}


def _by_day(days: Sequence[DayNumbers]) -> Iterator[tuple[date, str, dict[str, int]]]:
    for each in days:
        yield each.day, f"{each.day.day} {each.day:%B %Y}", _numbers(each)


def _by_week(days: Sequence[DayNumbers]) -> Iterator[tuple[date, str, dict[str, int]]]:
    weeks: dict[date, dict[str, int]] = {}
    for each in days:
        week = weeks.setdefault(each.day - timedelta(days=each.day.weekday()), dict.fromkeys(_numbers(each), 0))
        for key, number in _numbers(each).items():
            week[key] += number
    for monday, numbers in weeks.items():
        yield monday, f"Week of {monday.day} {monday:%B %Y}", numbers


def _top(highest: int) -> int:
    """Return a round number that is not less than the highest, and even if it is more than one."""
    if highest <= 1:
        return highest
    size = 1
    while True:
        for step in STEPS:
            if (found := step * size) >= highest and found % 2 == 0:
                return found
        size *= 10
