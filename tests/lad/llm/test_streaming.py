"""Answers that come in pieces: whole, broken off, cancelled, or embedded."""

import time
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from lad.llm.completions import Completion, Piece, Source
from lad.llm.errors import SENTENCES, Fault
from lad.llm.messages import Finish
from lad.llm.models import ModelAllowance, ModelUsage
from lad.llm.questions import Question
from lad.llm.services import NO_MODEL
from lad.llm.streaming import stream
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.llm.conftest import COMPANY, PROTOCOLS, Connects
from tests.support.concurrency import run_together
from tests.support.sandbox import Sandbox

Asks = Callable[..., Question]
LONG = "Clinics, dentists, pharmacies, laboratories and hospitals in Dubai, Sharjah and Abu Dhabi with 40 employees"


def read(question: Question) -> tuple[list[str], Completion]:
    *pieces, last = stream(question, embedded=lambda: "The embedded words.")
    assert all(isinstance(each, Piece) for each in pieces)
    assert isinstance(last, Completion)
    return [each.text for each in pieces if isinstance(each, Piece)], last


def rows(tenant: Tenant) -> list[tuple[str, int, int, bool]]:
    with tenant_context(tenant.pk):
        return list(ModelUsage.objects.values_list("outcome", "input_tokens", "output_tokens", "estimated"))


@PROTOCOLS
def test_an_answer_comes_in_pieces_and_ends_with_its_usage(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox, provider: str
) -> None:
    connect(provider=provider)
    pieces, found = read(ask(LONG))
    [call] = sandbox.log("model_call")
    assert len(pieces) > 3
    assert "".join(pieces) == found.text == call["answered"]
    assert (found.source, found.finish, found.reason) == (Source.MODEL, Finish.COMPLETE, "")
    assert rows(tenant) == [("answered", call["input_tokens"], call["output_tokens"], False)]


@PROTOCOLS
def test_an_answer_that_breaks_off_says_so(tenant: Tenant, connect: Connects, ask: Asks, provider: str) -> None:
    connect("sandbox-cut", provider)
    pieces, found = read(ask(LONG))
    assert pieces
    assert (found.source, found.finish) == (Source.MODEL, Finish.CUT_OFF)
    assert (found.text, found.reason) == ("".join(pieces), SENTENCES[Fault.CUT_OFF])
    [(outcome, inputs, outputs, estimated)] = rows(tenant)
    assert (outcome, estimated) == ("cut_off", True)
    assert inputs > 0
    assert outputs > 0


@pytest.mark.parametrize(
    ("model", "faults", "reason", "outcome"),
    [
        ("sandbox-broken", [], SENTENCES[Fault.OVERLOADED], "failed"),
        ("sandbox-refuses", [], "The model declined to answer.", "refused"),
        ("sandbox-good", [{"kind": "answer", "code": 401}], SENTENCES[Fault.KEY_REFUSED], "failed"),
        ("sandbox-good", [{"kind": "drop"}] * 3, SENTENCES[Fault.DROPPED], "failed"),
        # Only what comes before the first piece is tried again.
        ("sandbox-good", [{"kind": "drop"}] * 2, "", "answered"),
        ("sandbox-good", [{"kind": "answer", "code": 503}], "", "answered"),
    ],
)
def test_a_model_that_does_not_begin_is_replaced(
    tenant: Tenant,
    connect: Connects,
    ask: Asks,
    sandbox: Sandbox,
    model: str,
    faults: list[dict[str, Any]],
    reason: str,
    outcome: str,
) -> None:
    connect(model)
    for fault in faults:
        sandbox.fault(**fault, protocol="models", stage="CHAT")
    pieces, found = read(ask())
    assert (found.embedded, found.reason) == (bool(reason), reason)
    assert (pieces == ["The embedded words."]) is bool(reason)
    assert rows(tenant)[0][0] == outcome


def test_closing_a_stream_stops_the_request_and_counts_it(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox
) -> None:
    connect()
    answer = stream(ask(LONG), embedded=lambda: "")
    assert isinstance(next(answer), Piece)
    answer.close()
    [(outcome, inputs, outputs, estimated)] = rows(tenant)
    assert (outcome, estimated) == ("cancelled", True)
    assert inputs > 0
    assert outputs > 0
    with tenant_context(tenant.pk):
        assert ModelAllowance.objects.get().day_tokens == inputs + outputs
    # The endpoint learns of it: it stops writing.
    deadline = time.monotonic() + 5
    while not (cancelled := sandbox.log("model_cancelled")):
        assert time.monotonic() < deadline
    assert cancelled[0]["pieces"] < 12
    assert sandbox.stats()["models"]["open"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_call_keeps_no_database_connection_while_the_model_writes(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox
) -> None:
    connect()
    question, meeting = ask(LONG), Barrier(3)

    def read_with_others() -> str:
        answer = stream(question, embedded=lambda: "")
        next(answer)
        # All are in the middle of their answers, though the pool has one connection only.
        meeting.wait(10)
        *_pieces, last = answer
        assert isinstance(last, Completion)
        return last.reason

    connection.close()
    options = connection.settings_dict["OPTIONS"]
    pooling, options["pool"] = options.get("pool"), {"min_size": 0, "max_size": 1, "timeout": 3}
    try:
        assert run_together(*[read_with_others] * 3) == ["", "", ""]
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        options["pool"] = pooling
    assert [row[0] for row in rows(tenant)] == ["answered"] * 3


def test_without_a_model_the_embedded_answer_is_one_piece(tenant: Tenant, ask: Asks) -> None:
    pieces, found = read(ask())
    assert (pieces, found.reason) == (["The embedded words."], NO_MODEL)


def test_a_structured_answer_is_not_streamed(ask: Asks) -> None:
    with pytest.raises(ValueError, match="use complete"):
        read(ask(schema=COMPANY))
