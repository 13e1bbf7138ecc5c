"""Measure how well and how fast the embedded extractor reads what people write.

    python -m benchmarks.extraction [--corpus FILE] [--errors]

The corpus is JSON Lines, one object an utterance:

- ``text``: what a person typed;
- ``expected``: what must be known after it, by slot (``aiicp.extraction.Slots``): lists of texts, ``limit`` as a
  number, ranges as ``{"min": 50, "max": 200, "currency": "USD"}`` with open ends left out, ``problem_statement`` as
  true where there is one. Slots that are not named must stay empty;
- ``previous`` (optional): what was known before, in the same form;
- ``held_out`` (optional): true for utterances written after the extractor, which nobody tuned it to.

Only changes are scored: a value that was known before and stays known counts neither as found nor as missed.
F1 is over all slots and values together. The wrong-value rate is the part of the returned values that are not
expected. Speed is the processor time of one message.
"""

import argparse
import gc
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from aiicp.extraction import Range, Slots, extract
from aiicp.extraction.slots import ALL, LISTS, RANGES
from benchmarks.aims import tell

CORPUS: Final = Path(__file__).parent / "data" / "utterances.jsonl"
F1_AIM: Final = 0.92
WRONG_AIM: Final = 0.03
P99_AIM: Final = 0.005
SMALLEST_CORPUS: Final = 300
# The aim of the speed is for messages up to this length.
LONGEST_MESSAGE: Final = 1_000
ROUNDS: Final = 5

Change = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled message."""

    text: str
    expected: Slots
    previous: Slots | None
    held_out: bool


@dataclass(slots=True)
class Score:
    """Counts of right, wrong and missed changes, by slot."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    # Where a missed value was found instead: slot, other slot.
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: list[tuple[str, list[Change], list[Change]]] = field(default_factory=list)
    utterances: int = 0

    @property
    def f1(self) -> float:
        return f1(self.right.total(), self.wrong.total(), self.missed.total())

    @property
    def wrong_rate(self) -> float:
        """The part of the returned values that are wrong."""
        return self.wrong.total() / max(1, self.right.total() + self.wrong.total())


def f1(right: int, wrong: int, missed: int) -> float:
    return 2 * right / max(1, 2 * right + wrong + missed)


def load(path: Path) -> list[Utterance]:
    """Return the utterances of a corpus. Raises ValueError for a slot that does not exist."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        unknown = (row["expected"].keys() | row.get("previous", {}).keys()) - set(ALL)
        if unknown:
            raise ValueError(f"Line {number} of {path} names slots that do not exist: {', '.join(sorted(unknown))}.")
        previous = _slots(row["previous"]) if "previous" in row else None
        found.append(Utterance(row["text"], _slots(row["expected"]), previous, row.get("held_out", False)))
    return found


def score(utterances: Iterable[Utterance]) -> Score:
    """Read every utterance and compare what changed with what should have changed."""
    result = Score()
    for each in utterances:
        before = each.previous or Slots()
        expected = changes(before, each.expected)
        returned = changes(before, extract(each.text, previous=each.previous).slots)
        result.utterances += 1
        wrong, missed = returned - expected, expected - returned
        for counter, found in ((result.right, returned & expected), (result.wrong, wrong), (result.missed, missed)):
            counter.update(slot for slot, _, _ in found)
        result.confused.update((one[0], other[0]) for one in missed for other in wrong if one[1:] == other[1:])
        if wrong or missed:
            result.errors.append((each.text, sorted(wrong), sorted(missed)))
    return result


def changes(before: Slots, after: Slots) -> set[Change]:
    """Return what is different: slot, value, and whether it came or went."""
    found: set[Change] = set()
    for slot in ALL:
        old, new = _values(before, slot), _values(after, slot)
        found.update((slot, value, "came") for value in new - old)
        if slot.removeprefix("excluded_") in LISTS:
            found.update((slot, value, "went") for value in old - new)
    return found


def measure(utterances: Sequence[Utterance]) -> list[float]:
    """Return the seconds of processor time of each reading of each message, the first readings included."""
    seconds = []
    for _ in range(ROUNDS):
        for each in utterances:
            begin = time.process_time()
            extract(each.text, previous=each.previous)
            seconds.append(time.process_time() - begin)
    return seconds


def long_messages(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Return messages of about 1,000 characters, each made of several utterances."""
    made, text = [], ""
    for each in utterances:
        if len(text) + len(each.text) + 2 > LONGEST_MESSAGE:
            made.append(Utterance(text, Slots(), None, False))
            text = ""
        text += f"{each.text}. "
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--errors", action="store_true", help="show what was wrong and missed")
    arguments = parser.parse_args()
    utterances = load(arguments.corpus)
    begin = time.process_time()
    extract("clinics in Dubai")
    print(f"{len(utterances)} utterances; the gazetteers loaded in {1000 * (time.process_time() - begin):.0f} ms")
    # Garbage is collected as in LAD's processes: what was loaded is not looked through again.
    gc.collect()
    gc.freeze()
    whole, held = score(utterances), score(each for each in utterances if each.held_out)
    _print_slots(whole)
    if arguments.errors:
        _print_errors(whole)
    for name, part in (("all", whole), ("held out", held)):
        print(f"{name}: {part.utterances} utterances, F1 {part.f1:.3f}, wrong values {part.wrong_rate:.1%}")
    short, long = measure(utterances), measure(long_messages(utterances))
    _print_speed("utterances", short)
    _print_speed(f"messages of {LONGEST_MESSAGE} characters", long)
    aims = {
        f"at least {SMALLEST_CORPUS} utterances": whole.utterances >= SMALLEST_CORPUS,
        f"F1 of at least {F1_AIM}": whole.f1 >= F1_AIM,
        f"at most {WRONG_AIM:.0%} wrong values": whole.wrong_rate <= WRONG_AIM,
        f"p99 of at most {1000 * P99_AIM:.0f} ms": max(_p99(short), _p99(long)) <= P99_AIM,
    }
    tell(aims.items())


def _slots(data: dict[str, Any]) -> Slots:
    values: dict[str, Any] = {}
    for slot, value in data.items():
        if slot in RANGES:
            values[slot] = Range(value.get("min"), value.get("max"), value.get("currency", ""))
        elif slot == "problem_statement":
            values[slot] = "said"
        else:
            values[slot] = tuple(value) if isinstance(value, list) else value
    return Slots(**values)


def _values(slots: Slots, slot: str) -> set[str]:
    value = getattr(slots, slot)
    if isinstance(value, tuple) and not isinstance(value, Range):
        return set(value)
    if slot == "problem_statement":
        return {"said"} if value else set()
    return set() if value in (None, "") else {str(value)}


def _print_slots(result: Score) -> None:
    print(f"{'slot':24}{'right':>7}{'wrong':>7}{'missed':>7}{'F1':>7}  taken for")
    confused = defaultdict(list)
    for (slot, other), count in result.confused.items():
        confused[slot].append(f"{other} ({count})")
    for slot in ALL:
        counts = (result.right[slot], result.wrong[slot], result.missed[slot])
        if any(counts):
            print(f"{slot:24}{counts[0]:7}{counts[1]:7}{counts[2]:7}{f1(*counts):7.2f}  {', '.join(confused[slot])}")


def _print_errors(result: Score) -> None:
    for text, wrong, missed in result.errors:
        print(f"\n{text}\n  wrong: {wrong}\n  missed: {missed}")


def _print_speed(name: str, seconds: list[float]) -> None:
    middle = quantiles(seconds, n=2)[0] if len(seconds) > 1 else seconds[0]
    print(f"{name}: p50 {1000 * middle:.2f} ms, p99 {1000 * _p99(seconds):.2f} ms")


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.99))]


if __name__ == "__main__":
    main()
