"""What use cost day by day, as bars of an inline picture; heights are in hundredths of the axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final

from billing.formatting import amount
from billing.usage.selectors.summaries import Line

# So many features have a colour of their own; the rest share the last one.
COLOURS: Final = 5
OTHER: Final = "Other"
# Width of a day and of its bar in the picture's own units, which stretch with the page.
STEP: Final = 10
STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
LINES: Final = 4
MOST_LABELS: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """One feature's part of a bar."""

    colour: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where it stands, what it is made of, and what it says when pointed at."""

    x: int
    parts: Sequence[Part]
    says: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis, so many hundredths along it."""

    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    width: int
    amounts: Sequence[Mark]
    days: Sequence[Mark]
    legend: Sequence[tuple[int, str]]


def daily_chart(days: Sequence[Line], parts: Mapping[date, Mapping[str, Decimal]], features: Sequence[str]) -> Chart:
    """A bar for each day, stacked by feature, the dearest at the bottom."""
    top = _round_up(max((line.cost for line in days), default=Decimal(0)))
    legend = list(enumerate(features, start=1))
    if any(line.cost != sum(parts.get(line.key, {}).values()) for line in days):
        legend.append((COLOURS + 1, OTHER))
    return Chart(
        bars=[_bar(number, line, parts.get(line.key, {}), legend, top) for number, line in enumerate(days)],
        width=len(days) * STEP,
        amounts=[Mark(amount(top * number / LINES), _hundredths(number, LINES)) for number in range(LINES + 1)],
        days=_days(days),
        legend=legend,
    )


def _bar(number: int, line: Line, costs: Mapping[str, Decimal], legend: Sequence[tuple[int, str]], top: Decimal) -> Bar:
    parts, below = [], Decimal(0)
    said = [f"{line.key:%a %d %b %Y}: {amount(line.cost)} in {line.uses:,} uses"]
    for colour, name in legend:
        cost = line.cost - sum(costs.values()) if colour > COLOURS else costs.get(name, Decimal(0))
        if cost > 0:
            below += cost
            parts.append(Part(colour, f"{100 - below * 100 / top:.3f}", f"{cost * 100 / top:.3f}"))
            said.append(f"{name} {amount(cost)}")
    return Bar(number * STEP, parts, "\n".join(said))


def _days(days: Sequence[Line]) -> list[Mark]:
    """Labels of days under the bars' middles, so few that they do not touch."""
    every = -(-len(days) // MOST_LABELS)
    return [
        Mark(f"{line.key:%d %b}", _hundredths(2 * number + 1, 2 * len(days)))
        for number, line in enumerate(days)
        if number % every == 0
    ]


def _round_up(highest: Decimal) -> Decimal:
    """The next amount that reads well at the top of an axis."""
    if highest <= 0:
        return Decimal(1)
    unit = Decimal(10) ** highest.adjusted()
    return next(step * unit for step in STEPS if step * unit >= highest)


def _hundredths(part: int, whole: int) -> str:
    share = Decimal(part) * 100 / Decimal(whole)
    return f"{share.quantize(Decimal('0.001'), ROUND_CEILING):f}"
