"""What a demo conversation is made of."""

from dataclasses import dataclass, field
from typing import Any

from aiicp.conversations.models import ConversationStatus

ACTIVE, COMPLETED, ARCHIVED = ConversationStatus.ACTIVE, ConversationStatus.COMPLETED, ConversationStatus.ARCHIVED


@dataclass(frozen=True, slots=True)
class Said:
    """One message; ``data`` is what came with it."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: person and assistant take turns, the person first. ``profile`` names what was saved."""

    person: str
    title: str
    days_ago: float
    said: tuple[Said, ...]
    status: ConversationStatus = ACTIVE
    icp: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] | None = None
    searched: bool = False
    stage: str = "outbound_icp_discovery"
    profile: str = ""
    about: str = ""

    @property
    def progress(self) -> str:
        """What the stage means for the whole."""
        waiting = {"confirmation": "awaiting_confirmation", "ready_for_execution": "ready_for_execution"}
        return waiting.get(self.stage, "collecting_info")
