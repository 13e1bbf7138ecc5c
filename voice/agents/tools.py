"""What an agent may do during a call. The worker offers these to the language model; LAD does them when it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_DAY: Final = {"type": "string", "maxLength": 50, "description": "The day as the person said it, or as YYYY-MM-DD."}
_TIME: Final = {"type": "string", "maxLength": 20, "description": "The time of day in the person's zone, as HH:MM."}


@dataclass(frozen=True, slots=True)
class AgentTool:
    """One thing, with what the model is told of it and the arguments that it must give."""

    name: str
    label: str
    description: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the arguments as a JSON Schema."""
        properties = dict(self.properties)
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    def as_function(self) -> dict[str, Any]:
        """Return what a language model is told of it."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}


TOOLS: Final = (
    AgentTool(
        "book_slot",
        "Book a time",
        "Book an appointment at a time that the person has agreed to.",
        {"day": _DAY, "time": _TIME},
    ),
    AgentTool(
        "call_back",
        "Agree on another call",
        "Note that the person wants to be called again, and when.",
        {"day": _DAY, "time": _TIME},
    ),
    AgentTool(
        "do_not_call_again",
        "Call nobody who does not want it",
        "Note that the person does not want to be called again. Use it as soon as they say so, then say goodbye.",
    ),
    AgentTool(
        "send_email",
        "Send an e-mail",
        "Send the person an e-mail, after they have agreed to it.",
        {"template": {"type": "string", "maxLength": 100, "description": "The key of the template."}},
    ),
    AgentTool(
        "transfer_call",
        "Hand the call over",
        "Hand the call over to a colleague, after the person has agreed to it.",
        {"reason": {"type": "string", "maxLength": 500, "description": "Why, in a few words."}},
    ),
)
TOOL_NAMES: Final = tuple(tool.name for tool in TOOLS)
BY_NAME: Final = {tool.name: tool for tool in TOOLS}
TOOLS_SCHEMA: Final[dict[str, Any]] = {"type": "array", "items": {"enum": list(TOOL_NAMES)}, "uniqueItems": True}


def default_tools() -> list[str]:
    """Return what a new agent may do."""
    return list(TOOL_NAMES[:3])
