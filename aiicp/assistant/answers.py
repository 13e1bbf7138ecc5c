"""The assistant's answers: put together from what is known, stored with it, and shown as they were stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from aiicp.assistant import wording
from aiicp.assistant.dialogue import AWAITING, READY_TO_ACT, Position, position
from aiicp.assistant.memory import Memory, extracted, reason_of, told
from aiicp.assistant.replies import CHANGE, Intent, Reply
from aiicp.assistant.texts import OPTIONS, text
from aiicp.conversations.models import Conversation, Message
from aiicp.conversations.services import post_answer
from aiicp.extraction.extractor import Value
from lad import writes
from lad.llm.messages import Usage
from lad.llm.providers import EMBEDDED


@dataclass(frozen=True, slots=True)
class Answer:
    """The assistant's answer, and what is known after it.

    ``note`` says quietly why the embedded assistant answered where a model was wanted. ``facts`` are what is known,
    each with its reason. ``tokens`` are those that the answer was charged with.
    """

    message_id: UUID
    content: str
    intent: str
    where: Position
    icp_data: Mapping[str, Any]
    search_params: Mapping[str, Any] | None
    facts: Sequence[Mapping[str, Any]]
    suggestions: Sequence[str]
    options: Sequence[str]
    proposed: Sequence[Mapping[str, Any]]
    model: str = EMBEDDED
    tokens: int = 0
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the answer as the API gives it."""
        return {
            "message_id": str(self.message_id),
            "content": self.content,
            "intent": self.intent,
            "stage": self.where.stage,
            "progress": self.where.progress,
            "asking": self.where.asking,
            "missing": list(self.where.missing),
            "completeness": self.where.completeness,
            "icp_data": self.icp_data,
            "search_params": self.search_params,
            "facts": list(self.facts),
            "suggestions": list(self.suggestions),
            "options": list(self.options),
            "proposed": list(self.proposed),
            "usage": {"model": self.model, "tokens": self.tokens},
            "note": self.note,
        }


def where_now(conversation: Conversation) -> Position:
    """Return where a conversation stands."""
    memory = Memory.of(conversation)
    return position(memory.slots, skipped=memory.skipped, confirmed=memory.confirmed)


def facts(memory: Memory) -> list[dict[str, Any]]:
    """Return what is known, facet by facet, each value with its reason, in the language of the conversation."""
    reasons, language, found = memory.reasons(), memory.language, []
    for facet, values in wording.known(memory.slots):
        values_shown = [
            {
                "slot": each.slot,
                "text": wording.spelled(language, each.slot, each.value, excluded=each.excluded),
                "excluded": each.excluded,
                "why": reason_of(reasons, each.slot, each.value) or None,
            }
            for each in values
        ]
        found.append({"facet": facet, "label": wording.label(language, facet), "values": values_shown})
    return found


def compose(
    row: Conversation,
    memory: Memory,
    reply: Reply,
    *,
    head: str,
    actor: AbstractBaseUser,
    usages: Sequence[Usage] = (),
    values: Sequence[Value] = (),
    note: str = "",
    told_note: bool = False,
) -> Answer:
    """Decide what is asked next, and store the answer and all that is known with it."""
    where = position(memory.slots, skipped=memory.skipped, confirmed=memory.confirmed)
    changing = reply.intent == Intent.CHANGE and where.progress == AWAITING
    asked = CHANGE if changing else where.asking
    language = memory.language
    end = text(language, "ask.change") if changing else wording.closing(language, memory.slots, where)
    content = "\n\n".join(filter(None, [head.strip(), end, note if told_note else ""]))
    memory.metadata.update(
        stage=where.stage,
        progress=where.progress,
        step_index=int(memory.metadata.get("step_index", 0)) + 1,
        tokens=int(memory.metadata.get("tokens", 0)) + sum(each.tokens for each in usages),
        asked=asked,
        offered=[] if changing else list(OPTIONS.get(asked, ())),
        language=language,
    )
    columns = store(row, memory, actor)
    suggestions = text(language, "suggest.change").split("|") if changing else wording.suggestions(language, where)
    data: dict[str, Any] = {
        "stage": where.stage,
        "intent": reply.intent,
        "step_index": memory.metadata["step_index"],
        "extracted": extracted([*reply.values, *values]),
        "values": [told(each) for each in values],
        "suggestions": suggestions,
        "options": [] if changing else wording.options(language, asked),
        "proposed": _proposed(reply, where),
        "note": note,
    }
    if columns["search_params"]:
        data["search_params"] = columns["search_params"]
    tokens = sum(each.tokens for each in usages)
    model = next((each.model for each in usages), EMBEDDED)
    message = post_answer(conversation=row, content=content, message_data=data, tokens_used=tokens, model=model)
    return shown(row, memory, message)


def _proposed(reply: Reply, where: Position) -> list[dict[str, Any]]:
    """Return the action that a person may start, where one was asked for. Nothing starts it here."""
    if reply.intent != Intent.ACT or where.progress != READY_TO_ACT:
        return []
    return [{"action": reply.target, "values": [told(each) for each in reply.values]}]


def store(row: Conversation, memory: Memory, actor: AbstractBaseUser) -> dict[str, Any]:
    """Store what is known on the conversation. Return its columns."""
    columns = memory.to_row()
    writes.update(row, columns, actor=actor)
    return columns


def shown(row: Conversation, memory: Memory, message: Message) -> Answer:
    """Return a stored answer, with what is known now."""
    data = message.message_data
    return Answer(
        message_id=message.pk,
        content=message.content,
        intent=str(data.get("intent", "")),
        where=position(memory.slots, skipped=memory.skipped, confirmed=memory.confirmed),
        icp_data=row.icp_data,
        search_params=row.search_params,
        facts=facts(memory),
        suggestions=data.get("suggestions", []),
        options=data.get("options", []),
        proposed=data.get("proposed", []),
        model=message.model or EMBEDDED,
        tokens=message.tokens_used or 0,
        note=str(data.get("note", "")),
    )
