"""Say what can be done with the rows of a file: which channels reach how many, what to do first, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiicp.lead_files.columns import BY_KEY, NEEDED, PLATFORMS
from aiicp.lead_files.rows import CheckedRow, Issue
from lad.errors import Invalid

# From these shares of the rows on a channel is worth using, with high and with medium priority.
HIGH_SHARE: Final = 0.5
MEDIUM_SHARE: Final = 0.3
# What a channel does first with the people whom a file names.
ACTIONS: Final[Mapping[str, str]] = {
    "linkedin": "Send connection requests",
    "email": "Send an e-mail sequence",
    "whatsapp": "Send WhatsApp messages",
    "voice": "Call",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the rows a channel reaches. ``total`` is the number that the percentage is of."""

    platform: str
    label: str
    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0

    @property
    def percentage(self) -> float:
        """Return the share in percent with one decimal."""
        return round(100 * self.share, 1)

    @property
    def available(self) -> bool:
        return self.count > 0

    @property
    def sentence(self) -> str:
        """Say the share with what it is of."""
        rows = "1 row" if self.total == 1 else f"{self.total:,} rows"
        # LinkedIn and WhatsApp are names.
        channel = self.label.lower() if self.label[1:].islower() else self.label
        return f"{self.count:,} of {rows} ({self.percentage:g} %) can be reached by {channel}."


@dataclass(frozen=True, slots=True)
class RecommendedAction:
    """What to do on a channel, how urgent it is, and why."""

    platform: str
    action: str
    priority: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlatformQuestion:
    """A question about a channel of the file. ``options`` are pairs of value and label."""

    platform: str
    question: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InvalidLead:
    """A row that a chosen channel cannot reach, and why."""

    index: int
    number: int
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """Which rows the chosen channels can reach. ``can_execute`` means that at least one of them reaches somebody."""

    valid: tuple[int, ...]
    invalid: tuple[InvalidLead, ...]
    total: int

    @property
    def can_execute(self) -> bool:
        return bool(self.valid)


def coverage(rows: Sequence[CheckedRow]) -> dict[str, Coverage]:
    """Return the coverage of each channel, of all rows of the file, in the order of the channels."""
    return {
        platform: Coverage(platform, label, sum(row.reachable_on(platform) for row in rows), len(rows))
        for platform, label in PLATFORMS.items()
    }


def recommended(found: Mapping[str, Coverage]) -> list[RecommendedAction]:
    """Return what to do, the best covered channel first: high priority from half of the rows on, medium from 30 %."""
    ranked = sorted(found.values(), key=lambda each: -each.share)
    actions = []
    for each in ranked:
        if each.share < MEDIUM_SHARE:
            continue
        high = each.share >= HIGH_SHARE
        bound = "at least half" if high else "at least 30 %"
        reason = f"{each.sentence} That is {bound}."
        actions.append(RecommendedAction(each.platform, ACTIONS[each.platform], "high" if high else "medium", reason))
    return actions


def questions(found: Mapping[str, Coverage]) -> list[PlatformQuestion]:
    """Return a question about each channel that reaches somebody: whether to use it, and what of those it misses."""
    asked = []
    for each in found.values():
        if not each.available:
            continue
        missed = each.total - each.count
        rest = f" {missed:,} cannot be and would be left out there." if missed else ""
        asked.append(
            PlatformQuestion(
                each.platform,
                f"Use {each.label}? {each.sentence}{rest}",
                (("yes", f"Yes, use {each.label}"), ("no", "No")),
            )
        )
    return asked


def validate(rows: Sequence[CheckedRow], platforms: Sequence[str]) -> Validation:
    """Return which rows can be reached on at least one of the channels. Raises Invalid for an unknown channel."""
    unknown = [each for each in platforms if each not in PLATFORMS]
    if unknown or not platforms:
        names = ", ".join(PLATFORMS)
        raise Invalid(errors={"platforms": [f"Choose at least one of these channels: {names}."]})
    valid, invalid = [], []
    for index, row in enumerate(rows):
        if any(row.reachable_on(each) for each in platforms):
            valid.append(index)
        else:
            invalid.append(InvalidLead(index, row.number, tuple(_missing(row, platforms))))
    return Validation(tuple(valid), tuple(invalid), len(rows))


def summary(rows: Sequence[CheckedRow], found: Mapping[str, Coverage]) -> str:
    """Say in two sentences what the file is good for."""
    people = "1 person" if len(rows) == 1 else f"{len(rows):,} people"
    reached = [each for each in found.values() if each.available]
    if not reached:
        return f"The file names {people}. None of them can be reached: add e-mail addresses, numbers or LinkedIn pages."
    best = max(reached, key=lambda each: each.share)
    return f"The file names {people}. {best.sentence}"


def _missing(row: CheckedRow, platforms: Sequence[str]) -> list[str]:
    by_column: dict[str, Issue] = {issue.column: issue for issue in row.issues}
    said = []
    for platform in platforms:
        wrong = next((by_column[key] for key in NEEDED[platform] if key in by_column), None)
        needed = " or ".join(BY_KEY[key].label for key in NEEDED[platform])
        said.append(f"{PLATFORMS[platform]}: {wrong.problem if wrong else f'there is no {needed}.'}")
    return said
