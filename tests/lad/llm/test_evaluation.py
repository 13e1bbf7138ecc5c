"""The command that tries a prompt."""

from io import StringIO
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command

from lad.llm.evaluation import BadCase, read_cases
from tests.lad.llm.conftest import Connects

SCHEMA = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}, "required": ["size"]}
CASES = [
    {"schema": {"type": "object", "properties": {"problem": {"const": "none"}}, "required": ["problem"]}},
    {"variables": {"problem": "It is not JSON.", "schema": "{}"}, "expect": {"problem": "None"}},
    {"variables": {"problem": "It has 40 errors.", "schema": "{}"}, "schema": SCHEMA, "expect": {"size": 40}},
    {"variables": {"problem": "It has 41 errors.", "schema": "{}"}, "schema": SCHEMA, "expect": {"size": 7}},
    {"variables": {"problem": "It has 42 errors.", "schema": "{}"}, "contains": ["none"], "absent": ["problem"]},
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, CASES)))
    return file


def evaluate(cases: Path, **options: object) -> list[str]:
    written = StringIO()
    call_command("evaluate_prompt", "lad.llm.repair", cases=cases, connection="Mine", stdout=written, **options)
    return written.getvalue().splitlines()


def test_a_prompt_is_scored_case_by_case(connect: Connects, cases: Path) -> None:
    connect(name="Mine")
    *lines, answered, right, held, _used = evaluate(cases)
    assert lines == ["line 2: right", "line 3: right", "line 4: size: 41, expected 7", "line 5: has 'problem'"]
    assert (answered, right) == ("answered 4 of 4", "right in every check: 2 of 4")
    # Each answer is a check, too.
    assert held == "checks that hold: 7 of 9 (77.8%)"


def test_an_embedded_answer_holds_no_check(connect: Connects, cases: Path) -> None:
    connect("sandbox-refuses", name="Mine")
    with pytest.raises(CommandError, match="Fewer than 50% of the checks hold"):
        evaluate(cases, least=0.5)
    assert evaluate(cases)[-2] == "checks that hold: 0 of 9 (0.0%)"


def test_what_cannot_be_evaluated_is_said(connect: Connects, cases: Path) -> None:
    with pytest.raises(CommandError, match="No connections are called Mine"):
        evaluate(cases)
    with pytest.raises(BadCase, match="Line 2"):
        list(read_cases(["{}", '{"colour": 1}']))
