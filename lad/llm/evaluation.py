"""Try a prompt with cases whose answers are known, and score it.

A file of cases has one JSON object a line. ``variables`` are the prompt's; ``expect`` maps paths into the answer's data
to values (``{"city": "Dubai", "people.0": "Ada"}``); ``contains`` and ``absent`` list texts that the answer must or
must not have. ``schema`` is the JSON Schema of the answer; without one it is in words. A line that has a schema but no
variables sets it for the cases after it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import UUID

import orjson

from lad.llm.completions import Completion
from lad.llm.prompt_files import Prompt
from lad.llm.purposes import EVALUATION
from lad.llm.questions import Question
from lad.llm.services import complete

KNOWN = frozenset({"variables", "expect", "contains", "absent", "schema"})


class BadCase(ValueError):
    """A line of the file is no case. The message names the line."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a file, with the number of its line."""

    line: int
    variables: Mapping[str, Any]
    expect: Mapping[str, Any] = field(default_factory=dict)
    contains: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How an answer did: of so many checks so many hold. ``wrong`` says which do not."""

    line: int
    answered: bool
    checks: int
    wrong: tuple[str, ...]
    tokens: int
    seconds: float


def read_cases(lines: Iterable[str]) -> Iterator[Case]:
    """Yield the cases of a file. Raises BadCase."""
    schema: Mapping[str, Any] | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadCase(f"Line {number} is not JSON: {error}.") from None
        if not isinstance(values, dict) or set(values) - KNOWN:
            raise BadCase(f"Line {number} may have {', '.join(sorted(KNOWN))}.")
        if "variables" not in values:
            schema = values.get("schema")
        else:
            yield Case(
                number,
                values["variables"],
                values.get("expect", {}),
                tuple(values.get("contains", ())),
                tuple(values.get("absent", ())),
                values.get("schema", schema),
            )


def evaluate(prompt: Prompt, case: Case, *, tenant_id: UUID, connection_id: UUID) -> Score:
    """Ask the connection's model and score its answer. Raises Refused and BadPrompt."""
    question = Question(
        tenant_id, EVALUATION, prompt=prompt.render(case.variables), schema=case.schema, connection_id=connection_id
    )
    found = complete(question, embedded=dict)
    return score(case, found)


def score(case: Case, found: Completion) -> Score:
    """Compare an answer with what the case expects. An embedded answer is none."""
    checks = 1 + len(case.expect) + len(case.contains) + len(case.absent)
    if found.embedded:
        return Score(case.line, False, checks, (found.reason,), found.usage.tokens, found.usage.seconds)
    said = found.text or orjson.dumps(found.data).decode()
    lower = said.lower()
    wrong = [
        f"{path}: {_at(found.data, path)!r}, expected {value!r}"
        for path, value in case.expect.items()
        if not _same(_at(found.data, path), value)
    ]
    wrong += [f"lacks {text!r}" for text in case.contains if text.lower() not in lower]
    wrong += [f"has {text!r}" for text in case.absent if text.lower() in lower]
    return Score(case.line, True, checks, tuple(wrong), found.usage.tokens, found.usage.seconds)


def summary(scores: list[Score]) -> list[str]:
    """Return the lines of a report over all cases."""
    checks = sum(each.checks for each in scores)
    held = checks - sum(each.checks if not each.answered else len(each.wrong) for each in scores)
    whole = sum(each.answered and not each.wrong for each in scores)
    return [
        f"answered {sum(each.answered for each in scores)} of {len(scores)}",
        f"right in every check: {whole} of {len(scores)}",
        f"checks that hold: {held} of {checks} ({held / max(checks, 1):.1%})",
        f"tokens {sum(each.tokens for each in scores):,}, seconds a case {median(each.seconds for each in scores):.2f}",
    ]


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, str) and isinstance(expected, str):
        return found.strip().casefold() == expected.strip().casefold()
    return bool(found == expected)
