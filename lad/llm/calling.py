"""One call of a model: asks, adapts to what the endpoint takes, checks the answer, and has it repaired once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeVar

import orjson
from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from lad.llm import prompt_files, tokens
from lad.llm.driving import blocking
from lad.llm.errors import MAY_HAVE_WORKED, EndpointError, Fault
from lad.llm.images import without_images
from lad.llm.learning import adapted, first_rung, is_new, learn
from lad.llm.messages import Finish, Message, Reply, Request, Tool, ToolCall, Usage
from lad.llm.models import ModelConnection
from lad.llm.protocols import protocol_of
from lad.llm.schemas import AnswerSchema, NotValid
from lad.llm.secrecy import Secrecy
from lad.llm.transport import THREADED, Deadline, Transport, ask_once

MAX_ADAPTATIONS: Final = 5
NO_ANSWER: Final = "The model gave no answer."
REPEATS: Final = "The model repeated its instructions, which are not shown."
MAX_REPAIRED_CHARACTERS: Final = 20_000
T = TypeVar("T")


class ModelRefused(Exception):
    """The model declined to answer."""


class Unusable(Exception):
    """The model's answer does not fit, also after a repair. The message is for people and quotes nothing."""


@dataclass(slots=True)
class Call:
    """One call and what it has used so far."""

    connection: ModelConnection
    request: Request = field(repr=False)
    schema: AnswerSchema | None = field(default=None, repr=False)
    deadline: Deadline = field(default_factory=lambda: Deadline(60))
    secrecy: Secrecy = field(default_factory=lambda: Secrecy(()), repr=False)
    transport: Transport = field(default=THREADED, repr=False)
    repaired: bool = False
    _input: int = 0
    _output: int = 0
    _estimated: bool = False

    @classmethod
    def make(
        cls,
        connection: ModelConnection,
        messages: Sequence[Message],
        *,
        schema: AnswerSchema | None,
        tools: Sequence[Tool],
        max_tokens: int,
        temperature: float | None,
        secrecy: Secrecy | None = None,
    ) -> "Call":
        request = Request(
            model=connection.model,
            messages=messages,
            max_tokens=max_tokens,
            temperature=temperature,
            schema=schema.schema if schema else None,
            rung=first_rung(connection),
            tools=tools,
            abilities=dict(connection.abilities),
        )
        return cls(connection, request, schema, Deadline(connection.seconds_per_call), secrecy or Secrecy(()))

    @property
    def usage(self) -> Usage:
        return Usage(
            self.connection.provider,
            self.connection.model,
            self._input,
            self._output,
            round(self.deadline.elapsed, 3),
            self._estimated,
            self.deadline.requests,
        )

    @property
    def most_tokens(self) -> int:
        """Return about how many tokens the call takes at most, without a repair."""
        return tokens.estimate_input(self.request) + self.request.max_tokens

    async def words(self) -> tuple[Reply, list[ToolCall]]:
        """Return an answer in words, and the tools that the model asks for. Raises EndpointError and what follows."""
        reply = await self._answer(self.request)
        try:
            return reply, self.checked(reply)
        except NotValid as problem:
            reply = await self._answer(self._repairing(reply, str(problem)))
        try:
            return reply, self.checked(reply)
        except NotValid:
            raise Unusable("The model asked for a tool that it was not offered, or in a wrong way.") from None

    async def data(self) -> Any:
        """Return a structured answer. Raises EndpointError, ModelRefused or Unusable."""
        assert self.schema is not None
        reply = await self._whole(self.request)
        try:
            return self.schema.read(reply.text)
        except NotValid as problem:
            reply = await self._whole(self._repairing(reply, str(problem)))
        try:
            return self.schema.read(reply.text)
        except NotValid:
            raise Unusable("The model's answer did not have the required form, even when asked again.") from None

    def fits(self) -> bool:
        """Return whether the first answer fits the schema. For tests of a connection. Raises as ``data`` does."""
        assert self.schema is not None
        try:
            self.schema.read(blocking(self._answer(self.request)).text)
        except NotValid:
            return False
        return True

    def checked(self, reply: Reply) -> list[ToolCall]:
        """Return the tools that a reply in words asks for.

        Raise NotValid unless each was offered and its arguments fit, and Unusable if nothing was said at all.
        """
        if not self.request.tools:
            if not reply.text.strip():
                raise Unusable(NO_ANSWER)
            return []
        offered = {tool.name: tool for tool in self.request.tools}
        found = []
        for key, name, arguments in reply.tool_calls:
            if name not in offered:
                raise NotValid(f"There is no such tool. The tools are: {', '.join(offered)}.")
            found.append(ToolCall(key, name, _checked_arguments(offered[name], arguments)))
        return found

    def count(self, request: Request, reply: Reply) -> None:
        """Add what a request used: as the endpoint counted, or as LAD estimates."""
        inputs, outputs = reply.input_tokens, reply.output_tokens
        said = reply.text + orjson.dumps([each[2] for each in reply.tool_calls], default=str).decode() * bool(
            reply.tool_calls
        )
        if inputs is None or (inputs == 0 and request.messages):
            inputs, self._estimated = tokens.estimate_input(request), True
        if outputs is None or (outputs == 0 and said):
            outputs, self._estimated = tokens.estimate(said), True
        self._input += inputs
        self._output += outputs

    def count_failure(self, request: Request, error: EndpointError) -> None:
        """Add what a request without an answer may have used."""
        if error.fault in MAY_HAVE_WORKED:
            self._input += tokens.estimate_input(request)
            self._estimated = True

    async def adapting(self, request: Request, attempt: Callable[[Request], Awaitable[T]]) -> T:
        """Return what the attempt returns, repeated while that helps and with what the endpoint does not take left out.

        Remembers on the connection what the endpoint takes. Raises EndpointError.
        """

        async def once(asked: Request) -> T:
            try:
                return await attempt(asked)
            except EndpointError as error:
                self.count_failure(asked, error)
                raise

        for _ in range(MAX_ADAPTATIONS):
            try:
                result = await self.transport.retrying(partial(once, request), self.deadline)
            except EndpointError as error:
                changed = adapted(self.connection.provider, request, error)
                if changed is None:
                    raise
                request = changed
            else:
                self.request = replace(self.request, rung=request.rung, abilities=request.abilities)
                if is_new(self.connection, request):
                    await self.transport.run(partial(learn, self.connection, request))
                return result
        raise EndpointError(Fault.NOT_ACCEPTED)

    async def _answer(self, request: Request) -> Reply:
        protocol = protocol_of(self.connection.provider)

        async def attempt(asked: Request) -> Reply:
            http = protocol.call(asked, self.connection.api_key)
            answer: Mapping[str, Any] = await ask_once(self.transport, self.connection, http, self.deadline)
            reply = protocol.read(answer, asked)
            self.count(asked, reply)
            return reply

        reply = await self.adapting(request, attempt)
        if reply.finish == Finish.REFUSED:
            raise ModelRefused
        self.keep_secret(reply)
        return reply if self.schema else replace(reply, text=without_images(reply.text))

    def keep_secret(self, reply: Reply) -> None:
        """Raise Unusable if a reply repeats the instructions, in its words or in the arguments of a tool."""
        arguments = [orjson.dumps(each[2], default=str).decode() for each in reply.tool_calls]
        if any(map(self.secrecy.broken_by, [reply.text, *arguments])):
            raise Unusable(REPEATS)

    async def _whole(self, request: Request) -> Reply:
        reply = await self._answer(request)
        if reply.finish == Finish.LENGTH:
            raise Unusable("The model's answer was longer than allowed.")
        return reply

    def _repairing(self, reply: Reply, problem: str) -> Request:
        """Return the request that shows the model its answer and says what is wrong with it."""
        self.repaired = True
        schema = self.schema.schema if self.schema else [tool.parameters for tool in self.request.tools]
        asked = prompt_files.render(
            "lad.llm.repair",
            problem=problem[:MAX_REPAIRED_CHARACTERS],
            schema=orjson.dumps(schema).decode(),
        )
        wrong = Message("assistant", reply.text[:MAX_REPAIRED_CHARACTERS] or "(no answer)")
        return replace(self.request, messages=[*self.request.messages, wrong, *asked.messages])


def _checked_arguments(tool: Tool, arguments: Any) -> Mapping[str, Any]:
    try:
        JsonSchemaValidator(tool.parameters)(arguments)
    except ValidationError as error:
        raise NotValid(f"The arguments of {tool.name} do not fit. {' '.join(error.messages)}") from None
    if not isinstance(arguments, Mapping):
        raise NotValid(f"The arguments of {tool.name} must be an object.")
    return arguments
