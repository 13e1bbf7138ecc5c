"""Conversations in text, with a scripted model. Run by ``make test-voice-worker``: they need livekit-agents."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from livekit.agents import AgentSession
from livekit.agents.llm import LLM, ChatChunk, ChoiceDelta, CompletionUsage, FunctionToolCall, LLMStream

from voice_worker import briefs
from voice_worker.conversation import GOODBYE, Conversation
from voice_worker.reports import NO_ANSWER, Reporter

BOOK = {
    "name": "book_slot",
    "description": "Book an appointment.",
    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
}
TRANSFER = {"name": "transfer_call", "description": "Hand over.", "parameters": {"type": "object", "properties": {}}}
METADATA = {
    "call_id": "01a2",
    "report_url": "https://lad.example/callbacks/x/",
    "instructions": "You are Amelia. Book a time.",
    "tools": [BOOK, TRANSFER],
    "transfer_to": "+390612345678",
}


class Scripted(LLM):
    """Answers with what stands in the script, turn by turn: words, or the name and arguments of a tool."""

    def __init__(self, *script: str | tuple[str, dict[str, Any]]) -> None:
        super().__init__()
        self.script, self.asked = list(script), []

    model, provider = "scripted-1", "OpenAI"

    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = None, **_more: Any) -> LLMStream:
        self.asked.append((chat_ctx, tools or []))
        return _Stream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Stream(LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, Scripted)
        said = self._llm.script.pop(0)
        if isinstance(said, tuple):
            call = FunctionToolCall(name=said[0], arguments=json.dumps(said[1]), call_id=f"call-{said[0]}")
            delta = ChoiceDelta(role="assistant", tool_calls=[call])
        else:
            delta = ChoiceDelta(role="assistant", content=said)
        self._event_ch.send_nowait(ChatChunk(id="1", delta=delta))
        usage = CompletionUsage(completion_tokens=7, prompt_tokens=50, total_tokens=57)
        self._event_ch.send_nowait(ChatChunk(id="1", usage=usage))


class Lad:
    """LAD's side: keeps what it is told, and answers tools."""

    def __init__(self, *, status: int = 200) -> None:
        self.status, self.told = status, []

    async def send(self, _url: str, body: bytes, _headers: Mapping[str, str]) -> tuple[int, bytes]:
        message = json.loads(body)
        self.told.append(message)
        results = {each["id"]: "Thursday at ten is booked." for each in message.get("toolCalls", [])}
        return self.status, json.dumps({"results": results}).encode()

    def reports(self) -> list[dict[str, Any]]:
        return [each for each in self.told if "transcript" in each]


async def no_wait(_seconds: float) -> None:
    return None


class Talk:
    """A conversation in text."""

    def __init__(self, model: Scripted, lad: Lad) -> None:
        self.lad, self.model, self.done = lad, model, []
        reporter = Reporter("lad-call-01a2", METADATA["report_url"], "key", "s" * 32, lad.send, no_wait)
        self.conversation = Conversation(
            briefs.read(json.dumps(METADATA)), reporter, hang_up=self._hang_up, transfer=self._transfer
        )

    async def _hang_up(self) -> None:
        self.done.append("hung up")

    async def _transfer(self, number: str) -> None:
        self.done.append(f"transferred to {number}")

    async def hold(self, *lines: str) -> AsyncIterator[Any]:
        async with AgentSession(llm=self.model, vad=None) as session:
            self.conversation.listen(session)
            await session.start(agent=self.conversation.agent())
            for line in lines:
                await session.run(user_input=line)
            await asyncio.sleep(0)
            self.conversation.answered("human")
            await self.conversation.report()


def talk(model: Scripted, *lines: str, lad: Lad | None = None) -> Talk:
    held = Talk(model, lad or Lad())
    asyncio.run(held.hold(*lines))
    return held


def test_the_model_gets_the_instructions_and_the_tools_of_the_call() -> None:
    model = Scripted("Hello.")
    talk(model, "Hi.")
    (context, tools), *_more = model.asked
    assert "You are Amelia. Book a time." in str(context.items)
    assert {tool.info.name for tool in tools} == {"book_slot", "transfer_call", "end_call"}


def test_a_tool_is_lads_and_its_answer_goes_back_to_the_model() -> None:
    model = Scripted(("book_slot", {"day": "thursday"}), "See you on Thursday.")
    held = talk(model, "Thursday at ten is fine.")
    (asked,) = [each for each in held.lad.told if "toolCalls" in each]
    assert asked["toolCalls"] == [{"id": "call-book_slot", "name": "book_slot", "arguments": {"day": "thursday"}}]
    assert "Thursday at ten is booked." in str(model.asked[-1][0].items)


def test_the_report_has_words_times_and_usage_and_comes_once() -> None:
    held = talk(Scripted(("book_slot", {"day": "thursday"}), "See you on Thursday."), "Thursday is fine.")
    asyncio.run(held.conversation.report())
    (report,) = held.lad.reports()
    turns = [(turn["role"], turn["text"]) for turn in report["transcript"]]
    assert turns[0] == ("person", "Thursday is fine.")
    assert turns[-1] == ("agent", "See you on Thursday.")
    assert ("tool", "book_slot: Thursday at ten is booked.") in turns
    starts = [turn["start"] for turn in report["transcript"]]
    assert starts == sorted(starts)
    assert min(starts) >= 0
    used = {(row["component"], row["unit"]): row for row in report["usage"]}
    assert used["llm", "prompt_tokens"]["amount"] == 100
    assert used["llm", "completion_tokens"]["amount"] == 14
    assert used["llm", "prompt_tokens"]["provider"] == "openai"
    assert used["machine", "seconds"]["amount"] >= 0
    assert report["answeredBy"] == "human"


def test_the_call_ends_after_the_goodbye() -> None:
    model = Scripted(("end_call", {}), "Goodbye.")
    held = talk(model, "No, thank you.")
    assert held.done == ["hung up"]
    assert GOODBYE in str(model.asked[-1][0].items)


def test_a_call_is_handed_over_to_the_agents_number_after_lad_noted_it() -> None:
    held = talk(Scripted(("transfer_call", {}), "One moment."), "A person, please.")
    assert held.done == ["transferred to +390612345678"]
    assert [each["toolCalls"][0]["name"] for each in held.lad.told if "toolCalls" in each] == ["transfer_call"]


def test_the_agent_goes_on_when_lad_does_not_answer() -> None:
    lad = Lad(status=503)
    model = Scripted(("book_slot", {"day": "thursday"}), "Somebody will call you.")
    held = Talk(model, lad)
    with pytest.raises(Exception, match="HTTP 503"):
        asyncio.run(held.hold("Thursday."))
    assert NO_ANSWER in str(model.asked[-1][0].items)
    assert len(lad.reports()) == 7


@pytest.mark.parametrize(("by", "voicemail"), [("human", False), ("machine-vm", True), ("machine-unavailable", True)])
def test_only_a_voicemail_is_hung_up_on(by: str, voicemail: bool) -> None:
    conversation = Talk(Scripted(), Lad()).conversation
    conversation.answered(by)
    assert conversation.is_voicemail is voicemail
