"""Write voice agents."""

from lad import writes
from lad.types import Actor
from voice.agents.models import VoiceAgent
from voice.errors import UsedByOpenBatch
from voice.statuses import BATCH_OPEN


class VoiceAgentWriter(writes.Writer[VoiceAgent]):
    """Keep an agent while an open batch uses it. Past calls still name a deleted agent."""

    def before_delete(self, row: VoiceAgent, *, actor: Actor) -> None:
        """Raise UsedByOpenBatch if a queued or running batch calls with the agent."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch


writes.register(VoiceAgent, VoiceAgentWriter)
