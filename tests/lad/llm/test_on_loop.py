"""Models asked on an event loop: the same answers as in a thread, and many at once without any."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from lad.llm.completions import Completion
from lad.llm.errors import SENTENCES, Fault
from lad.llm.models import ModelUsage
from lad.llm.on_loop import OnLoop, client
from lad.llm.questions import Question
from lad.llm.services import complete_by
from lad.llm.streaming import stream_by
from lad.serving.background import Background
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.llm.conftest import COMPANY, EMBEDDED_COMPANY, Connects
from tests.support.loops import run
from tests.support.sandbox import Sandbox

Asks = Callable[..., Question]
pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 60


def played(make: Callable[[OnLoop], Any]) -> Any:
    """Run what ``make`` returns on a loop, with one thread for the database."""

    def close() -> None:
        connection.close()

    async def play() -> Any:
        background = Background(threads=1)
        try:
            return await make(OnLoop(background))
        finally:
            await client().aclose()
            await background(close)

    return run(play())


async def streamed(transport: OnLoop, question: Question) -> Completion:
    parts = [part async for part in stream_by(transport, question, embedded=lambda: "The embedded words.")]
    assert isinstance(parts[-1], Completion)
    return parts[-1]


def test_many_answers_at_once_take_no_thread_and_are_not_mixed_up(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox
) -> None:
    # So slow that all are open together, however busy the computer is.
    connect("sandbox-slow")
    questions = [ask(f"customer{number}") for number in range(AT_ONCE)]
    most: list[int] = []

    async def all_at_once(transport: OnLoop) -> list[Completion]:
        before = threading.active_count()
        talking = asyncio.gather(*[streamed(transport, question) for question in questions])
        while not talking.done():
            most.append(threading.active_count() - before)
            await asyncio.wait([talking], timeout=0.01)
        return await talking

    answers = played(all_at_once)
    assert [f"“customer{number}”" in answer.text for number, answer in enumerate(answers)] == [True] * AT_ONCE
    assert sandbox.stats()["models"]["most_open"] > AT_ONCE // 2
    # One for the database, and those that look up names.
    assert max(most) < 40
    with tenant_context(tenant.pk):
        assert ModelUsage.objects.filter(outcome="answered").count() == AT_ONCE


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("sandbox-good", ""),
        ("sandbox-wrong-shape", ""),
        ("sandbox-no-schema", ""),
        ("sandbox-broken", SENTENCES[Fault.OVERLOADED]),
        ("sandbox-refuses", "The model declined to answer."),
    ],
)
def test_a_structured_answer_is_checked_adapted_and_replaced_as_in_a_thread(
    tenant: Tenant, connect: Connects, ask: Asks, model: str, reason: str
) -> None:
    connect(model)
    found = played(lambda transport: complete_by(transport, ask(schema=COMPANY), embedded=lambda: EMBEDDED_COMPANY))
    assert (found.reason, found.embedded) == (reason, bool(reason))
    assert set(found.data) == set(EMBEDDED_COMPANY)


def test_a_cancelled_stream_is_counted(tenant: Tenant, connect: Connects, ask: Asks) -> None:
    connect("sandbox-slow")

    async def leave(transport: OnLoop) -> None:
        task = asyncio.create_task(streamed(transport, ask()))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    played(leave)
    with tenant_context(tenant.pk):
        assert [row.outcome for row in ModelUsage.objects.all()] == ["cancelled"]
