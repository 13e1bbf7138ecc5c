"""Answers that are shown while the model writes them."""

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import httpx2

from lad.llm.beginning import Begun, begin
from lad.llm.calling import REPEATS, Call, ModelRefused, Unusable
from lad.llm.completions import Completion, Piece, Source
from lad.llm.driving import iterating
from lad.llm.errors import SENTENCES, EndpointError, Fault
from lad.llm.images import finished, without_images
from lad.llm.messages import Finish, Reply, Request
from lad.llm.models import CallOutcome
from lad.llm.protocols import protocol_of
from lad.llm.questions import Question
from lad.llm.schemas import NotValid
from lad.llm.services import NO_MODEL, answer_embedded
from lad.llm.transport import THREADED, Transport, events

# A streamed answer is compared with the instructions by its last characters, which hold more words than a run has.
CHECKED: Final = 300
WRONG_TOOL: Final = "The model asked for a tool that it was not offered, or in a wrong way."


def stream(question: Question, *, embedded: Callable[[], str]) -> Generator[Piece | Completion, None, None]:
    """Yield the answer in pieces as the model writes it, and at the end the whole completion with its usage.

    A model that fails before its first piece is replaced by the embedded answer, in one piece. An answer that breaks
    off later ends with the finish CUT_OFF and a reason. Closing the iterator stops the request and counts what was
    used. Raises as ``complete`` does, when the first item is asked for.
    """
    return iterating(stream_by(THREADED, question, embedded=embedded))


async def stream_by(
    transport: Transport, question: Question, *, embedded: Callable[[], str]
) -> AsyncGenerator[Piece | Completion, None]:
    """Yield the answer as ``stream`` does, asked for by ``transport``: on an event loop nobody else waits."""
    if question.schema is not None:
        raise ValueError("A structured answer is checked as a whole: use complete.")
    begun = await transport.run(partial(begin, question, transport))
    if begun is None:
        for each in _embedded(answer_embedded(embedded, NO_MODEL)):
            yield each
        return
    said = _Said(begun.call)
    async with begun.running():
        # Until the end is known, closing the iterator is what ends it.
        begun.outcome = CallOutcome.CANCELLED
        try:
            begun.check()
            async with aclosing(said.pieces()) as pieces:
                async for text in pieces:
                    yield Piece(text)
        except EndpointError:
            begun.outcome = CallOutcome.CUT_OFF if said.began else CallOutcome.FAILED
            raise
        finally:
            said.count()
        said.finish(begun)
    if said.completion is not None:
        yield said.completion
    elif said.began:
        yield Completion(Source.MODEL, begun.call.usage, said.text, finish=Finish.CUT_OFF, reason=begun.reason)
    else:
        for each in _embedded(answer_embedded(embedded, begun.reason, begun.call.usage)):
            yield each


def _embedded(completion: Completion) -> Iterator[Piece | Completion]:
    yield Piece(completion.text)
    yield completion


@dataclass(slots=True)
class _Said:
    """The part of an answer that has arrived so far."""

    call: Call
    texts: list[str] = field(default_factory=list)
    completion: Completion | None = None
    _waiting: str = ""
    _reply: Callable[[], Reply] | None = None
    _request: Request | None = None

    def _showable(self, text: str) -> str:
        """Return what can be shown by now. Words that may become a repetition of the instructions wait.

        Raises Unusable once they are one.
        """
        secrecy = self.call.secrecy
        self._waiting += text
        if secrecy.broken_by(self.text[-CHECKED:] + self._waiting):
            raise Unusable(REPEATS)
        before = self.text[-CHECKED:]
        ready = min(secrecy.shown(before + self._waiting) - len(before), finished(self._waiting))
        ready = max(0, ready) if text else len(self._waiting)
        shown, self._waiting = self._waiting[:ready], self._waiting[ready:]
        return without_images(shown)

    @property
    def began(self) -> bool:
        return bool(self.texts)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Yield the texts that the endpoint sends. Raises EndpointError or ModelRefused."""
        call, transport = self.call, self.call.transport
        async with AsyncExitStack() as open_response:

            async def attempt(request: Request) -> httpx2.Response:
                http = protocol_of(call.connection.provider).call(request, call.connection.api_key)
                return await open_response.enter_async_context(transport.opened(call.connection, http, call.deadline))

            # Only the beginning is tried again: what was shown cannot be taken back.
            request = replace(call.request, stream=True)
            response = await call.adapting(request, attempt)
            self._request = replace(call.request, stream=True)
            reading = protocol_of(call.connection.provider).reading(self._request)
            self._reply = reading.reply
            async with aclosing(events(transport, response, call.deadline)) as received:
                async for event in received:
                    if (said := reading.take(event)) and (text := self._showable(said)):
                        self.texts.append(text)
                        yield text
            # What waited turned out to be no repetition.
            if text := self._showable(""):
                self.texts.append(text)
                yield text

    def count(self) -> None:
        """Count what was used, whether or not the answer is whole."""
        if self._reply is not None and self._request is not None:
            self.call.count(self._request, self._reply())

    def finish(self, begun: Begun) -> None:
        """Make the completion of what was said. Raises ModelRefused or EndpointError."""
        assert self._reply is not None
        reply = self._reply()
        self.call.keep_secret(reply)
        if reply.finish == Finish.REFUSED and not self.began:
            raise ModelRefused
        begun.answered()
        reason, tools = "", []
        if reply.finish == Finish.CUT_OFF:
            begun.outcome, reason = CallOutcome.CUT_OFF, SENTENCES[Fault.CUT_OFF]
            if not self.began:
                raise EndpointError(Fault.CUT_OFF)
        else:
            try:
                tools = self.call.checked(reply)
            except NotValid:
                begun.outcome, reason = CallOutcome.INVALID, WRONG_TOOL
        self.completion = Completion(
            Source.MODEL, self.call.usage, self.text, tool_calls=tools, finish=reply.finish, reason=reason
        )
