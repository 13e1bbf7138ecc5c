"""Call language models. ``lad.llm.streaming`` has ``stream``, for answers that are shown while they are written.

Each caller passes ``embedded``, a function with its own answer. It is what a tenant without a model gets, and what
every tenant gets when the model fails, with the reason. A model is never called inside a transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from lad.llm import tokens
from lad.llm.beginning import begin
from lad.llm.completions import Completion, Source
from lad.llm.driving import blocking
from lad.llm.messages import Usage
from lad.llm.providers import EMBEDDED
from lad.llm.questions import Question
from lad.llm.transport import THREADED, Transport
from lad.tenancy.context import tenant_context

NO_MODEL: Final = "No language model is switched on, so the embedded assistant answers."
NOTHING: Final = Usage(EMBEDDED, "")


def complete(question: Question, *, embedded: Callable[[], Any]) -> Completion:
    """Return the answer to a question: the model's, or else the embedded one with the reason.

    ``embedded`` returns text, or data where the question has a schema. Takes as long as the connection allows.
    Raises Refused if a limit of the connection is reached, and CallInTransaction inside a transaction.
    """
    return blocking(complete_by(THREADED, question, embedded=embedded))


async def complete_by(transport: Transport, question: Question, *, embedded: Callable[[], Any]) -> Completion:
    """Return the answer as ``complete`` does, asked for by ``transport``: on an event loop nobody else waits."""
    begun = await transport.run(partial(begin, question, transport))
    if begun is None:
        return answer_embedded(embedded, NO_MODEL)
    call, completion = begun.call, None
    async with begun.running():
        begun.check()
        if call.schema is not None:
            completion = Completion(Source.MODEL, call.usage, data=await call.data())
        else:
            reply, tools = await call.words()
            completion = Completion(Source.MODEL, call.usage, reply.text, tool_calls=tools, finish=reply.finish)
        begun.answered()
    if completion is None:
        return answer_embedded(embedded, begun.reason, call.usage)
    return replace(completion, usage=call.usage)


def estimate(question: Question) -> Usage:
    """Return about what the question takes at most, for quotes and holds; nothing where the answer is embedded."""
    connection = question.connection
    if connection is None:
        with tenant_context(question.tenant_id):
            connection = question.connected()
    if connection is None:
        return NOTHING
    call = question.call(connection)
    return Usage(
        connection.provider,
        connection.model,
        tokens.estimate_input(call.request),
        question.max_tokens,
        float(connection.seconds_per_call),
        estimated=True,
    )


def answer_embedded(embedded: Callable[[], Any], reason: str, usage: Usage = NOTHING) -> Completion:
    """Return the caller's own answer, with the reason for it."""
    answer = embedded()
    if isinstance(answer, str):
        return Completion(Source.EMBEDDED, usage, text=answer, reason=reason)
    return Completion(Source.EMBEDDED, usage, data=answer, reason=reason)
