"""Write voice agents."""

from lad import writes
from lad.types import Actor
from voice.agents.models import VoiceAgent
from voice.errors import UsedByOpenBatch
from voice.statuses import BATCH_OPEN


class VoiceAgentWriter(writes.Writer[VoiceAgent]):
    """Keep an agent while an open batch uses it. Past calls still name a deleted agent."""

    def delete(self, row: VoiceAgent, *, actor: Actor = None) -> None:
        """Delete the agent. Raise UsedByOpenBatch if a queued or running batch calls with it."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch
        super().delete(row, actor=actor)


writes.register(VoiceAgent, VoiceAgentWriter)
