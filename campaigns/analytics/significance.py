"""Whether one variant is better than the others, in a plain sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

from campaigns.analytics.rates import CONFIDENCE, wilson, z_of

# Fewer people in a variant say nothing.
FEWEST: Final = 10
# Of more people than this nobody is told that they are missing: the variants are as good as equal.
MOST_MISSING: Final = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """The people that were given a variant, and how many of them did what is counted."""

    variant: str
    people: int
    successes: int

    @property
    def share(self) -> float:
        """Return the share of successes."""
        return self.successes / self.people if self.people else 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What can be said of the variants: who leads, whether that is sure, and how many people are missing if not."""

    leader: str
    is_sure: bool
    missing: int | None
    sentence: str


def compare(samples: Sequence[Sample], *, doing: str = "answer") -> Comparison | None:
    """Return what can be said of the variants; None of fewer than two.

    The leader is compared with each other variant by the difference of their shares with its limits after Newcombe
    (1998, method 10). With several comparisons each needs more confidence, so that all together have 95 %.
    """
    if len(samples) < 2:
        return None
    ordered = sorted(samples, key=lambda each: (-each.share, each.variant))
    leader, others = ordered[0], ordered[1:]
    smallest = min(each.people for each in samples)
    if smallest < FEWEST:
        few = ", ".join(each.variant.upper() for each in samples if each.people < FEWEST)
        text = f"It is too early to compare: {few} was given to fewer than {FEWEST} people."
        return Comparison("", is_sure=False, missing=None, sentence=text)
    name = leader.variant.upper()
    if leader.share == others[0].share:
        return Comparison("", is_sure=False, missing=None, sentence="The best variants are equal so far.")
    z = z_of(1 - (1 - CONFIDENCE) / len(others))
    if all(_lowest_difference(leader, other, z, 1) > 0 for other in others):
        low = min(_lowest_difference(leader, other, z, 1) for other in others)
        text = f"{name} is better: at least {_points(low)} more {doing}, with 95 % confidence."
        return Comparison(leader.variant, is_sure=True, missing=0, sentence=text)
    missing = _missing(leader, others, z)
    if missing is None:
        text = f"{name} is ahead, but so little that the variants are as good as equal."
    else:
        people = "1 more person is" if missing == 1 else f"{missing:,} more people are"
        text = f"{name} is ahead, but {people} needed to be sure."
    return Comparison(leader.variant, is_sure=False, missing=missing, sentence=text)


def _points(difference: float) -> str:
    points = round(100 * difference, 1)
    number = f"{points:g}" if points >= 0.1 else "0.1"
    return f"{number} percentage point{'' if number == '1' else 's'}"


def _lowest_difference(one: Sample, other: Sample, z: float, times: float) -> float:
    """Return by how much one share is at least larger, if the samples were so many times as large."""
    low, _high = wilson(one.successes * times, one.people * times, z)
    _low, high = wilson(other.successes * times, other.people * times, z)
    return (one.share - other.share) - sqrt((one.share - low) ** 2 + (high - other.share) ** 2)


def _missing(leader: Sample, others: Sequence[Sample], z: float) -> int | None:
    """Return how many more people make it sure, in all variants together, if the shares stay as they are."""
    people = leader.people + sum(each.people for each in others)

    def is_sure(times: float) -> bool:
        return all(_lowest_difference(leader, other, z, times) > 0 for other in others)

    low, high = 1.0, 2.0
    while not is_sure(high):
        low, high = high, high * 2
        if people * (high - 1) > MOST_MISSING * 2:
            return None
    while (high - low) * people > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if is_sure(middle) else (middle, high)
    missing = ceil(people * (high - 1))
    return missing if missing <= MOST_MISSING else None
