"""Write the tenant's telephone numbers."""

from lad import writes
from lad.types import Actor, Values
from voice.errors import UsedByOpenBatch
from voice.numbers.models import VoiceNumber
from voice.phone_columns import tenant_of_new, with_number
from voice.statuses import BATCH_OPEN


class VoiceNumberWriter(writes.Writer[VoiceNumber]):
    """Store a valid number, given whole in ``phone`` or in its columns, and keep it while an open batch uses it."""

    def prepare(self, row: VoiceNumber | None, values: Values, *, actor: Actor) -> Values:
        return with_number(values, row, row.tenant_id if row is not None else tenant_of_new(values))

    def before_delete(self, row: VoiceNumber, *, actor: Actor) -> None:
        """Raise UsedByOpenBatch if a queued or running batch calls from the number."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch


writes.register(VoiceNumber, VoiceNumberWriter)
