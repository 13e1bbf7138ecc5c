"""Agents as people keep them."""

from typing import Any

from lad import writes
from voice.agents.models import VoiceAgent
from voice.batches.selectors import require_no_open_batch


class VoiceAgentWriter(writes.Writer):
    """Refuse to delete an agent that an open batch calls with; calls already made keep naming it."""

    def delete(self, row: Any, *, actor: Any = None) -> None:
        require_no_open_batch(agent=row)
        super().delete(row, actor=actor)


writes.register(VoiceAgent, VoiceAgentWriter)
