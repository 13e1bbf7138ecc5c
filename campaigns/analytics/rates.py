"""Rates that say of what they are a part, and how sure they are."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a whole. ``of`` names the whole: "12 of 80 contacted"."""

    key: str
    label: str
    part: int
    whole: int
    of: str

    @property
    def share(self) -> float | None:
        """Return the share from 0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def words(self) -> str:
        """Return the rate with its denominator."""
        return f"{self.part:,} of {self.whole:,} {self.of}"

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the limits of the true share with 95 % confidence, after Wilson; None of nothing."""
        return wilson(self.part, self.whole, z_of(CONFIDENCE)) if 0 <= self.part <= self.whole and self.whole else None


def z_of(confidence: float) -> float:
    """Return how many standard deviations of a normal distribution hold that much of it."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(part: float, whole: float, z: float) -> tuple[float, float]:
    """Return the limits of a share after Wilson (1927). They stay between 0 and 1, for small numbers as well."""
    share, square = part / whole, z * z
    centre = share + square / (2 * whole)
    width = z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max((centre - width) / (1 + square / whole), 0), min((centre + width) / (1 + square / whole), 1)
