"""What an agent may ask LAD to do while it talks, and the sentence that it is answered.

A tool is known by its name. Whatever happens, the agent gets a sentence: it must go on talking. The answer to each
request is kept with the call, so that a repeated delivery changes nothing and is answered the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from django.db import transaction

from lad.errors import DomainError
from lad.registry import Registry
from voice.calls.models import CallLog
from voice.carriers import values
from voice.carriers.protocol import ToolCall
from voice.dialer.facts import FACTS, facts_of
from voice.dialer.models import CallPlacement

TOOLS: Final = "tools"
MAX_TOOL_CALLS: Final = 50
MAX_ARGUMENTS: Final = 4_000
UNKNOWN: Final = "This is not possible on this call."
FAILED: Final = "This did not work. Somebody will follow up."
TOO_MANY: Final = "Too much was asked for on this call."

log = structlog.get_logger("voice.callbacks")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the agent asks for on a call that goes on, in the tenant's scope."""

    call: CallLog
    arguments: Mapping[str, Any]
    now: datetime

    def text(self, *names: str) -> str:
        """Return the first of the arguments that is given, as text."""
        return next((found for name in names if (found := values.text(self.arguments.get(name)).strip())), "")


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that agents may ask for. ``act`` does it and returns a sentence for the agent."""

    key: str
    label: str
    act: Callable[[Asked], str]


tools: Final = Registry[Tool]("tool")


def tool(key: str, label: str) -> Callable[[Callable[[Asked], str]], Callable[[Asked], str]]:
    """Register the function as a tool."""

    def register(act: Callable[[Asked], str]) -> Callable[[Asked], str]:
        tools.register(Tool(key, label, act))
        return act

    return register


@transaction.atomic
def answer(call: CallLog, asked: Sequence[ToolCall], *, now: datetime) -> dict[str, str]:
    """Do what an agent asks for, each once, and return what it is answered, by the ids of its requests."""
    placement = CallPlacement.objects.select_for_update(no_key=True).filter(call_log=call.pk).first()
    if placement is None:
        call = CallLog.objects.select_for_update(no_key=True).get(pk=call.pk)
    facts = dict(facts_of(call, placement))
    kept: dict[str, Any] = dict(values.mapping(facts.get(TOOLS)))
    results = {}
    for each in asked:
        if each.id not in kept:
            if len(kept) >= MAX_TOOL_CALLS:
                results[each.id] = TOO_MANY
                continue
            kept[each.id] = _do(call, each, now)
        results[each.id] = str(kept[each.id]["result"])
    facts[TOOLS] = kept
    if placement is not None:
        placement.facts = facts
        placement.save(update_fields=["facts"])
    else:
        call.metadata = {**call.metadata, FACTS: facts}
        call.save(update_fields=["metadata"])
    return results


def _do(call: CallLog, asked: ToolCall, now: datetime) -> dict[str, Any]:
    arguments = _storable(asked.arguments)
    done: dict[str, Any] = {"name": asked.name, "arguments": arguments, "at": now.isoformat(), "done": False}
    if asked.name not in tools:
        return {**done, "result": UNKNOWN}
    try:
        with transaction.atomic():
            result = tools.get(asked.name).act(Asked(call, arguments, now))
    except DomainError as error:
        return {**done, "result": error.detail or FAILED}
    except Exception:
        log.exception("a tool failed", call=str(call.pk), tool=asked.name)
        return {**done, "result": FAILED}
    return {**done, "done": True, "result": result}


def _storable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as they can be kept; none if there are too many."""
    content = orjson.dumps(dict(arguments)).replace(b"\\u0000", b"")
    return dict(orjson.loads(content)) if len(content) <= MAX_ARGUMENTS else {}
