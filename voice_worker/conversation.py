"""One conversation: the agent with its tools, and what is collected of it for the report."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from livekit.agents import Agent, AgentSession, RunContext, function_tool
from livekit.agents.llm import ChatMessage

from voice_worker import usage
from voice_worker.briefs import Brief
from voice_worker.reports import Reporter
from voice_worker.transcripts import Transcript

TRANSFER: Final = "transfer_call"
END_CALL: Final = {
    "name": "end_call",
    "description": "End the call, after you have said goodbye, or when nobody can be talked to.",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
}
GOODBYE: Final = "The call ends when you have said goodbye."
VOICEMAILS: Final = frozenset({"machine-vm", "machine-unavailable"})

# Ends the call, or hands it over to a number.
HangUp = Callable[[], Awaitable[None]]
Transfer = Callable[[str], Awaitable[None]]


class Conversation:
    """A conversation on one call.

    ``hang_up`` and ``transfer`` act on the telephone; in text they are left out.
    """

    def __init__(
        self,
        brief: Brief,
        reporter: Reporter,
        *,
        hang_up: HangUp | None = None,
        transfer: Transfer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.brief, self.reporter = brief, reporter
        self.transcript = Transcript(clock())
        self.answered_by = ""
        self._hang_up, self._transfer, self._clock = hang_up, transfer, clock
        self._begun = clock()
        self._session: AgentSession | None = None
        self._reported = False
        self._ended: asyncio.Future[None] | None = None

    def agent(self) -> Agent:
        """Return the agent, with the tools that LAD offers it on this call."""
        tools = [self._tool(dict(schema)) for schema in self.brief.tools]
        return Agent(instructions=self.brief.instructions, tools=[*tools, self._ending()])

    def listen(self, session: AgentSession) -> None:
        """Collect what is said in the session."""
        self._session = session
        session.on("conversation_item_added", self._added)

    def begin(self) -> None:
        """Note that somebody answered now. Times count from here."""
        self.transcript.begun = self._clock()

    def answered(self, by: str) -> None:
        """Note who answered, in LiveKit's five classes."""
        self.answered_by = by

    @property
    def is_voicemail(self) -> bool:
        return self.answered_by in VOICEMAILS

    async def report(self) -> None:
        """Tell LAD, once, what was said and used. Raises NotTaken."""
        if self._reported:
            return
        self._reported = True
        used = self._session.usage.model_usage if self._session is not None else []
        rows = usage.rows(used, seconds=self._clock() - self._begun)
        await self.reporter.report(answered_by=self.answered_by, transcript=self.transcript.turns, usage=rows)

    def _added(self, event: Any) -> None:
        item = event.item
        if isinstance(item, ChatMessage):
            told = item.metrics or {}
            start = told.get("started_speaking_at", item.created_at)
            self.transcript.add(item.role, item.text_content or "", start=start, end=told.get("stopped_speaking_at"))

    def _tool(self, schema: dict[str, Any]) -> Any:
        name = str(schema["name"])

        async def act(raw_arguments: dict[str, object], context: RunContext) -> str:
            result = await self.reporter.tool(context.function_call.call_id, name, raw_arguments)
            self.transcript.add_tool(name, result, at=self._clock())
            if name == TRANSFER and self._transfer is not None and self.brief.transfer_to:
                await context.wait_for_playout()
                await self._transfer(self.brief.transfer_to)
            return result

        return function_tool(act, raw_schema=schema)

    def _ending(self) -> Any:
        async def end_call(raw_arguments: dict[str, object], context: RunContext) -> str:
            context.speech_handle.add_done_callback(self._said_goodbye)
            return GOODBYE

        return function_tool(end_call, raw_schema=END_CALL)

    def _said_goodbye(self, _speech: Any) -> None:
        if self._hang_up is not None:
            self._ended = asyncio.ensure_future(self._hang_up())
