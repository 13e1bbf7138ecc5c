"""Measure how well and how fast the embedded analyser reads transcripts of calls.

    python benchmarks/analysis.py [--corpus FILE …] [--errors]

A corpus is JSON Lines, one object a call; docs/operations.md ("Analysis of calls") describes it in full:

- ``transcript``: a list of turns ``{"role", "text"}``, or text with lines such as ``Agent: Hello``;
- ``started_at`` and ``zone``: when the call began, by the clock of the person who was called;
- ``expected``: ``outcome``, ``sentiment``, ``do_not_call``, ``answered_by``, ``objections``, ``follow_up_at`` (a local
  time, or null) and ``fields``. Only what is named is scored;
- ``schema`` (optional): the JSON Schema of the agent's fields;
- ``held_out`` (optional): true for transcripts written after the analyser, which nobody tuned it to.

Speed is the processor time of one transcript.
"""

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from voice.analysis.reading import reader  # noqa: E402
from voice.analysis.reading.findings import Findings  # noqa: E402
from voice.calls.transcripts import normalise_transcript  # noqa: E402

FOLDER: Final = ROOT / "tests" / "voice" / "analysis" / "corpus"
CORPUS: Final = (FOLDER / "calls.jsonl", FOLDER / "held_out.jsonl")
FIELDS: Final = ("outcome", "follow_up_at", "do_not_call", "answered_by", "sentiment", "objections", "fields")
ACCURACY_AIM: Final = 0.9
P99_AIM: Final = 0.05
SMALLEST_CORPUS: Final = 120
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One labelled call."""

    name: str
    transcript: Sequence[dict[str, Any]]
    start: datetime
    expected: dict[str, Any]
    schema: dict[str, Any] | None
    held_out: bool

    def read(self) -> Findings:
        return reader.read(self.transcript, start=self.start, schema=self.schema)


@dataclass(slots=True)
class Score:
    """Counts of calls, by field."""

    right: Counter[str] = field(default_factory=Counter)
    scored: Counter[str] = field(default_factory=Counter)
    # Requests not to be called again: found, missed, and seen where there is none.
    asked: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    calls: int = 0

    def accuracy(self, name: str) -> float:
        """Return the share of the calls in which the field is right."""
        return self.right[name] / self.scored[name] if self.scored[name] else 0.0

    @property
    def recall(self) -> float:
        """Return the share of the requests not to be called again that were found."""
        asked = self.asked["found"] + self.asked["missed"]
        return self.asked["found"] / asked if asked else 0.0


def load(path: Path) -> list[Call]:
    """Return the calls of a corpus. Raises ValueError for a field that does not exist."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        row = json.loads(line)
        if unknown := row["expected"].keys() - set(FIELDS):
            raise ValueError(f"Line {number} of {path} names fields that do not exist: {', '.join(sorted(unknown))}.")
        begun = datetime.fromisoformat(row["started_at"])
        zone = ZoneInfo(row.get("zone", "UTC"))
        start = begun.replace(tzinfo=zone) if begun.tzinfo is None else begun.astimezone(zone)
        transcript = normalise_transcript(row["transcript"])
        name = str(row.get("id", f"line {number}"))
        found.append(Call(name, transcript, start, row["expected"], row.get("schema"), row.get("held_out", False)))
    return found


def score(calls: Iterable[Call]) -> Score:
    """Read every call and compare what was found with the labels."""
    result = Score()
    for call in calls:
        found = values(call.read(), call)
        result.calls += 1
        for name, label in call.expected.items():
            wanted = normal(name, label, call)
            result.scored[name] += 1
            if found[name] == wanted:
                result.right[name] += 1
            else:
                result.errors.append((call.name, name, found[name], wanted))
        if "do_not_call" in call.expected:
            result.asked[_kind(wanted=call.expected["do_not_call"], found=found["do_not_call"])] += 1
    return result


def _kind(*, wanted: bool, found: bool) -> str:
    """Return how a request not to be called was treated."""
    if wanted:
        return "found" if found else "missed"
    return "seen" if found else "none"


def values(found: Findings, call: Call) -> dict[str, Any]:
    """Return the findings in the form of the labels."""
    plain = {
        "outcome": found.outcome.value,
        "follow_up_at": found.follow_up_at,
        "do_not_call": found.do_not_call,
        "answered_by": found.answered_by.value,
        "sentiment": found.sentiment,
        "objections": [each.value for each in found.objections],
        "fields": dict(found.fields),
    }
    return {name: normal(name, value, call) for name, value in plain.items()}


def normal(name: str, value: Any, call: Call) -> Any:
    """Return a value in a form that compares: objections in order, times to the minute."""
    if name == "objections":
        return sorted(value)
    if name == "follow_up_at" and value:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = at if at.tzinfo is None else at.astimezone(call.start.tzinfo)
        return f"{local:%Y-%m-%dT%H:%M}"
    return value


def measure(calls: Sequence[Call]) -> list[float]:
    """Return the seconds of processor time of each reading of each call."""
    seconds = []
    for _round in range(ROUNDS):
        for call in calls:
            begin = time.process_time()
            call.read()
            seconds.append(time.process_time() - begin)
    return seconds


def aims(whole: Score, held: Score, seconds: Sequence[float]) -> dict[str, bool]:
    """Return the aims, and whether each is reached."""
    found = {
        f"at least {SMALLEST_CORPUS} calls": whole.calls >= SMALLEST_CORPUS,
        f"outcome right in at least {ACCURACY_AIM:.0%}": whole.accuracy("outcome") >= ACCURACY_AIM,
        f"follow-up time exact in at least {ACCURACY_AIM:.0%}": whole.accuracy("follow_up_at") >= ACCURACY_AIM,
        "every request not to be called again found": whole.recall == 1.0,
        f"p99 of at most {1000 * P99_AIM:.0f} ms a call": percentile(seconds, 0.99) <= P99_AIM,
    }
    if held.calls:
        found[f"held out: outcome right in at least {ACCURACY_AIM:.0%}"] = held.accuracy("outcome") >= ACCURACY_AIM
        exact = held.accuracy("follow_up_at") >= ACCURACY_AIM
        found[f"held out: follow-up time exact in at least {ACCURACY_AIM:.0%}"] = exact
        found["held out: every request not to be called again found"] = held.recall == 1.0
    return found


def percentile(seconds: Sequence[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, action="append", help="may be given several times")
    parser.add_argument("--errors", action="store_true", help="show what was wrong")
    arguments = parser.parse_args()
    calls = [call for path in arguments.corpus or CORPUS for call in load(path)]
    begin = time.process_time()
    calls[0].read()
    print(f"{len(calls)} calls; the phrases loaded in {1000 * (time.process_time() - begin):.0f} ms")
    # Garbage is collected as in LAD's processes: what was loaded is not looked through again.
    gc.collect()
    gc.freeze()
    whole, held = score(calls), score(call for call in calls if call.held_out)
    for name, part in (("all", whole), ("held out", held)):
        if part.calls:
            _print(name, part)
    if arguments.errors:
        for call, name, found, wanted in whole.errors:
            print(f"{call}: {name} is {found!r}, expected {wanted!r}")
    seconds = measure(calls)
    middle, last = 1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.99)
    print(f"processor time of a call: p50 {middle:.2f} ms, p99 {last:.2f} ms")
    reached = aims(whole, held, seconds)
    tell(reached.items())


def _print(name: str, part: Score) -> None:
    print(f"{name}: {part.calls} calls")
    for each in FIELDS:
        if part.scored[each]:
            print(f"  {each:14}{part.accuracy(each):7.3f}  ({part.right[each]} of {part.scored[each]})")
    found, missed, seen = (part.asked[each] for each in ("found", "missed", "seen"))
    print(f"  not to be called: {found} found, {missed} missed, {seen} seen where nobody asked")


if __name__ == "__main__":
    main()
