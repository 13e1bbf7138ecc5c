"""Write voice agents."""

from lad import writes
from lad.types import Actor, Values
from voice.agents import filling
from voice.agents.models import CONTENT, VoiceAgent
from voice.agents.services.versions import ensure_published
from voice.errors import UsedByOpenBatch
from voice.statuses import BATCH_OPEN


class VoiceAgentWriter(writes.Writer[VoiceAgent]):
    """Keep what an agent said as versions, and an agent while an open batch uses it.

    Past calls still name a deleted agent.
    """

    def prepare(self, row: VoiceAgent | None, values: Values, *, actor: Actor) -> Values:
        filling.check(values)
        return values

    def after_save(self, change: writes.Change[VoiceAgent]) -> None:
        """Publish what the agent says now, so that calls can name it."""
        if change.created or not set(CONTENT).isdisjoint(change.changed):
            ensure_published(change.row, actor=change.actor)

    def before_delete(self, row: VoiceAgent, *, actor: Actor) -> None:
        """Raise UsedByOpenBatch if a queued or running batch calls with the agent."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch


writes.register(VoiceAgent, VoiceAgentWriter)
