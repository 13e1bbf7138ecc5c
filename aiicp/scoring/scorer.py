"""Score many against one profile: the same answer for the same data, always."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from aiicp.extraction.slots import Slots
from aiicp.profiles.content import CRITERION_LABELS, weights_of
from aiicp.scoring.criteria import JUDGES, OF_PEOPLE, Judgement, Verdict, exclusion, wanted_of
from aiicp.scoring.facts import Facts
from lad.errors import Conflict
from lad.labels import in_words

MOST: Final = 100
# Judgements of one criterion. Seven criteria of a scorer take some tens of megabytes at most.
KEPT: Final = 10_000
MAX_SHOWN: Final = 200


class NothingToScore(Conflict):
    """The profile says nothing that a lead could be scored by. Add a role, an industry, a place or a size first."""

    code = "nothing_to_score"


@dataclass(frozen=True, slots=True)
class Reason:
    """The points of one criterion, of how many, and what they follow from."""

    criterion: str
    verdict: Verdict
    points: int
    of: int
    found: str = ""
    wanted: str = ""

    def stored(self) -> dict[str, Any]:
        """Return the form that a score stores."""
        found = {"found": self.found[:MAX_SHOWN], "wanted": self.wanted[:MAX_SHOWN]}
        shown = {name: text for name, text in found.items() if text}
        return {
            "criterion": self.criterion,
            "verdict": self.verdict.value,
            "points": self.points,
            "of": self.of,
            **shown,
        }

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> "Reason":
        """Return the reason of a stored form."""
        return cls(**{**stored, "verdict": Verdict(stored["verdict"])})

    @property
    def sentence(self) -> str:
        """Say in words what the points are for."""
        label = CRITERION_LABELS.get(self.criterion, self.criterion.capitalize()).lower()
        found, wanted = (
            in_words(each) if self.criterion == "seniority" else each for each in (self.found, self.wanted)
        )
        match self.verdict:
            case Verdict.MATCH:
                return f"+{self.points} {label} {found} matches “{wanted}”"
            case Verdict.CLOSE:
                return f"+{self.points} of {self.of}: {label} {found} is close to “{wanted}”"
            case Verdict.MISSING:
                return f"+{self.points} of {self.of}: the {label} is not known, so half counts"
            case Verdict.EXCLUDED:
                return f"Excluded: {label} {found} is “{wanted}”, which the profile leaves out"
        shown = f"{label} {found}" if found else f"no {label}"
        return f"+0 of {self.of}: {shown} instead of “{wanted}”"


@dataclass(frozen=True, slots=True)
class Score:
    """Points from 0 to 100 with their reasons, and the percentage of the weight that is known."""

    points: int
    known: int
    reasons: tuple[Reason, ...]

    @property
    def is_excluded(self) -> bool:
        return any(each.verdict == Verdict.EXCLUDED for each in self.reasons)


class Scorer:
    """Scores against one profile. Remembers what it has judged: many leads share titles, places and industries."""

    def __init__(self, icp_data: Mapping[str, Any], weights: Mapping[str, int]) -> None:
        """Raise NothingToScore if the profile says nothing, or nothing that has a weight."""
        self._slots = Slots.from_icp_data(icp_data)
        own, wanted = weights_of(weights), wanted_of(self._slots)
        self._weights = {name: own[name] for name in JUDGES if wanted[name] and own[name]}
        if not self._weights:
            raise NothingToScore
        self._judges = {name: self._remembering(name) for name in self._weights}
        self._of_people = shares(self._weights)
        self._of_companies = shares({n: w for n, w in self._weights.items() if n not in OF_PEOPLE})

    def score(self, facts: Facts) -> Score:
        """Return the score. A company is not asked for a role."""
        if out := exclusion(self._slots, facts):
            criterion, found = out
            return Score(0, MOST, (Reason(criterion, found.verdict, 0, 0, found.found, found.wanted),))
        of = self._of_people if facts.is_person else self._of_companies
        reasons = tuple(_reason(name, most, self._judges[name](facts)) for name, most in of.items())
        unknown = sum(each.of for each in reasons if each.verdict == Verdict.MISSING)
        return Score(sum(each.points for each in reasons), MOST - unknown if reasons else 0, reasons)

    def _remembering(self, name: str) -> Callable[[Facts], Judgement]:
        judge, slots, read = JUDGES[name], self._slots, _READ.get(name)
        if read is None:
            return lambda facts: judge(slots, facts)

        @lru_cache(maxsize=KEPT)
        def judged(*values: Hashable) -> Judgement:
            return judge(slots, Facts(**dict(zip(read, values, strict=True))))  # type: ignore[arg-type]

        return lambda facts: judged(*(getattr(facts, each) for each in read))


# The facts that each criterion reads, where many share them. Descriptions and keywords are nearly all different.
_READ: Final = {
    "role": ("title", "departments"),
    "seniority": ("title", "seniority"),
    "industry": ("industry",),
    "place": ("location",),
    "size": ("employees",),
    "technologies": ("technologies",),
}


def shares(weights: Mapping[str, int]) -> dict[str, int]:
    """Return the points of each criterion: 100 in all, in proportion to the weights. Of nothing there are none."""
    total = sum(weights.values())
    found = {name: MOST * weight // total for name, weight in weights.items()} if total else {}
    rest = sorted(found, key=lambda name: (-(MOST * weights[name] % total), name))
    for name in rest[: MOST - sum(found.values())] if found else ():
        found[name] += 1
    return found


def _reason(name: str, most: int, found: Judgement) -> Reason:
    points = {Verdict.MATCH: most, Verdict.DIFFERENT: 0}.get(found.verdict, most // 2)
    return Reason(name, found.verdict, points, most, found.found, found.wanted)
