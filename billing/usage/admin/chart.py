"""The chart of daily costs as stacked bars of an inline SVG. Heights are percentages of the axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final

from billing.formatting import amount
from billing.usage.selectors.summaries import SummaryLine

# The most expensive features have their own colour; the rest share one.
COLOURS: Final = 5
OTHER: Final = "Other"
# In SVG units, which scale with the page.
DAY_WIDTH: Final = 10
AXIS_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
GRID_LINES: Final = 4
MAX_DAY_LABELS: Final = 12


@dataclass(frozen=True, slots=True)
class BarSegment:
    """One feature's segment of a day's bar."""

    colour: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day's bar: its position, its segments and its tooltip."""

    x: int
    segments: Sequence[BarSegment]
    tooltip: str


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label on an axis; ``position`` is a percentage of its length."""

    text: str
    position: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[DayBar]
    width: int
    amounts: Sequence[AxisLabel]
    days: Sequence[AxisLabel]
    legend: Sequence[tuple[int, str]]


def daily_chart(
    days: Sequence[SummaryLine], costs: Mapping[date, Mapping[str, Decimal]], features: Sequence[str]
) -> Chart:
    """Return a bar for each day, stacked by feature with the most expensive at the bottom."""
    top = _round_up(max((line.cost for line in days), default=Decimal(0)))
    legend = list(enumerate(features, start=1))
    if any(line.cost != sum(costs.get(line.key, {}).values()) for line in days):
        legend.append((COLOURS + 1, OTHER))
    return Chart(
        bars=[_bar(number, line, costs.get(line.key, {}), legend, top) for number, line in enumerate(days)],
        width=len(days) * DAY_WIDTH,
        amounts=[
            AxisLabel(amount(top * number / GRID_LINES), _percent(number, GRID_LINES))
            for number in range(GRID_LINES + 1)
        ],
        days=_days(days),
        legend=legend,
    )


def _bar(
    number: int, line: SummaryLine, costs: Mapping[str, Decimal], legend: Sequence[tuple[int, str]], top: Decimal
) -> DayBar:
    segments, below = [], Decimal(0)
    tooltip = [f"{line.key:%a %d %b %Y}: {amount(line.cost)} in {line.uses:,} uses"]
    for colour, name in legend:
        cost = line.cost - sum(costs.values()) if colour > COLOURS else costs.get(name, Decimal(0))
        if cost > 0:
            below += cost
            segments.append(BarSegment(colour, f"{100 - below * 100 / top:.3f}", f"{cost * 100 / top:.3f}"))
            tooltip.append(f"{name} {amount(cost)}")
    return DayBar(number * DAY_WIDTH, segments, "\n".join(tooltip))


def _days(days: Sequence[SummaryLine]) -> list[AxisLabel]:
    """Return labels centred under the bars, few enough not to overlap."""
    every = -(-len(days) // MAX_DAY_LABELS)
    return [
        AxisLabel(f"{line.key:%d %b}", _percent(2 * number + 1, 2 * len(days)))
        for number, line in enumerate(days)
        if number % every == 0
    ]


def _round_up(highest: Decimal) -> Decimal:
    """Return the next round amount, for the top of the axis."""
    if highest <= 0:
        return Decimal(1)
    unit = Decimal(10) ** highest.adjusted()
    return next(step * unit for step in AXIS_STEPS if step * unit >= highest)


def _percent(part: int, whole: int) -> str:
    share = Decimal(part) * 100 / Decimal(whole)
    return f"{share.quantize(Decimal('0.001'), ROUND_CEILING):f}"
