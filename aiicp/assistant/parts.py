"""The parts of an answer as bytes: server-sent events for whoever reads along, or one JSON document."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from django.http import HttpResponse

from aiicp.assistant.answers import Answer
from aiicp.assistant.services import Understood, finish_unread, respond_by
from aiicp.assistant.turns import Turn
from lad.api.renderers import to_json
from lad.llm.completions import Piece
from lad.llm.on_loop import OnLoop
from lad.serving.background import Runner
from lad.serving.event_streams import EventStream, event

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


def streamed(turn: Turn, repeated: HttpResponse | None = None) -> EventStream:
    """Return the events ``understood``, ``piece`` (several) and ``answer``. The last one has the whole answer.

    ``repeated`` answers the same request with the same Idempotency-Key.
    """

    async def make(runner: Runner) -> AsyncGenerator[bytes, None]:
        async with aclosing(respond_by(OnLoop(runner), turn)) as parts:
            async for part in parts:
                if isinstance(part, Understood):
                    yield event("understood", {"facts": part.facts, "user_message_id": turn.message.pk})
                elif isinstance(part, Piece):
                    yield event("piece", {"text": part.text})
                else:
                    yield event("answer", part.as_json())

    return EventStream(make, repeated=repeated, unread=partial(finish_unread, turn))


def awaited(turn: Turn, repeated: HttpResponse | None = None) -> EventStream:
    """Return the whole answer as JSON once the model has given it, without a thread that waits."""

    async def make(runner: Runner) -> AsyncGenerator[bytes, None]:
        async with aclosing(respond_by(OnLoop(runner), turn)) as parts:
            async for part in parts:
                if isinstance(part, Answer):
                    yield to_json(part.as_json())

    return EventStream(make, content_type=JSON, repeated=repeated, unread=partial(finish_unread, turn))


def wants_events(accept: str) -> bool:
    """Return whether the client asks for events rather than JSON."""
    return EVENT_STREAM in accept
