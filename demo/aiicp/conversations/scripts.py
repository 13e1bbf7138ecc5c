"""The parts of a scripted demo conversation."""

from dataclasses import dataclass, field
from typing import Any

from aiicp.conversations.models import ConversationStatus

ACTIVE, COMPLETED, ARCHIVED = ConversationStatus.ACTIVE, ConversationStatus.COMPLETED, ConversationStatus.ARCHIVED


@dataclass(frozen=True, slots=True)
class ScriptedMessage:
    """One message with its data."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScriptedConversation:
    """One conversation. Person and assistant take turns, the person first. ``profile`` names the saved profile."""

    person: str
    title: str
    days_ago: float
    messages: tuple[ScriptedMessage, ...]
    status: ConversationStatus = ACTIVE
    icp: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] | None = None
    searched: bool = False
    stage: str = "outbound_icp_discovery"
    profile: str = ""
    about: str = ""

    @property
    def progress(self) -> str:
        """Return the progress that belongs to the stage."""
        waiting = {"confirmation": "awaiting_confirmation", "ready_for_execution": "ready_for_execution"}
        return waiting.get(self.stage, "collecting_info")
