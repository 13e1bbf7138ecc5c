"""The judge of benchmarks/chaos_outreach.py: it accepts what happened in the sandbox, and finds all that must not."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from benchmarks.networks_judge import RULES, Judge, Limit, Line, Record, Row, line_of
from benchmarks.networks_tampering import forbidden, undetected
from tests.support.sandbox import Sandbox

KEY = {"X-API-KEY": "sandbox-acme"}
ACCOUNT = "maya"
ANSWERING, SILENT = "answers-1", "ignores-2"


@pytest.fixture
def record(sandbox: Sandbox) -> Record:
    """Two people to whom an account wrote, and the answer of one of them."""
    sandbox.call("POST", "/unipile/accounts", json={"id": ACCOUNT, "type": "INSTAGRAM", "identifier": "maya.kestrel"})
    rows = []
    for number, person in enumerate((ANSWERING, SILENT)):
        body = {"account_id": ACCOUNT, "attendees_ids": [person], "text": f"Hello {person}"}
        sent = sandbox.call("POST", "/unipile/api/v1/chats", json=body, headers=KEY).json()
        rows.append(row(f"row {number}", person, sent["message_id"], sandbox.now()))
    sandbox.advance(hours=3)
    lines = read(sandbox)
    answers = [line for line in lines if line.kind == "written"]
    # The log's time is real: LAD took the answer in when it was written.
    rows += [replace(row("inbound", line.person, line.id, line.at), direction="inbound") for line in answers]
    people = {("instagram", person): "message" for person in (ANSWERING, SILENT)}
    return Record(lines, rows, {(ACCOUNT, "message"): Limit(4, 20)}, people)


def row(id: str, person: str, provider_id: str, at: datetime) -> Row:
    return Row(id, "instagram", "outbound", "message", "sent", ACCOUNT, person, provider_id, at)


def read(sandbox: Sandbox) -> list[Line]:
    return [line_of(entry) for entry in sandbox.log() if entry["kind"].startswith("network_")]


def test_what_happened_breaks_no_rule(record: Record) -> None:
    assert [str(each) for each in Judge(record).violations()] == []
    assert Judge(record).counts() == "2 instagram message"


def test_the_judge_finds_everything_that_is_forbidden(record: Record) -> None:
    assert {each.rule for each in forbidden(record)} == set(RULES)
    missed, added = undetected(record)
    assert (missed, added) == ([], len(RULES))


def test_a_message_that_was_on_its_way_when_an_answer_came_is_no_violation(record: Record) -> None:
    [answer] = [each for each in record.rows if each.direction == "inbound"]
    first = next(line for line in record.lines if line.accepted)
    late = replace(first, n=first.n + 1000, id="late", text="another", at=answer.created_at + timedelta(seconds=20))
    rules = [each.rule for each in Judge(replace(record, lines=[*record.lines, late])).violations()]
    assert rules == []


def test_what_waits_for_its_account_is_not_unfinished(record: Record) -> None:
    waiting = row("waiting", SILENT, "", record.rows[0].created_at)
    for state, waits, found in (
        ("queued", True, 0),
        ("queued", False, 1),
        ("sending", False, 1),
        ("unknown", False, 0),
    ):
        rows = [*record.rows, replace(waiting, state=state, waits=waits)]
        violations = list(Judge(replace(record, rows=rows)).violations())
        assert [each.rule for each in violations] == ["unfinished"] * found
