"""Write the tenant's telephone numbers."""

from typing import Final

from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values
from voice.errors import UsedByOpenBatch
from voice.numbers.destinations import allowed_by
from voice.numbers.models import VoiceNumber
from voice.phone_columns import tenant_of_new, with_number
from voice.statuses import BATCH_OPEN

NO_COUNTRY: Final = "“{word}” in allowed_outbound is no country. Write names or two-letter codes, or “global”."


class VoiceNumberWriter(writes.Writer[VoiceNumber]):
    """Store a valid number, given whole in ``phone`` or in its columns, and keep it while an open batch uses it.

    Countries that its rules allow must be known: a word that nobody can read would allow none.
    """

    def prepare(self, row: VoiceNumber | None, values: Values, *, actor: Actor) -> Values:
        _check_rules(values.get("metadata"))
        return with_number(values, row, row.tenant_id if row is not None else tenant_of_new(values))

    def before_delete(self, row: VoiceNumber, *, actor: Actor) -> None:
        """Raise UsedByOpenBatch if a queued or running batch calls from the number."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch


def _check_rules(metadata: object) -> None:
    rules = metadata.get("rules") if isinstance(metadata, dict) else None
    allowed = allowed_by(rules.get("allowed_outbound") if isinstance(rules, dict) else None)
    if allowed.unknown:
        raise Invalid(errors={"metadata": [NO_COUNTRY.format(word=word) for word in allowed.unknown]})


writes.register(VoiceNumber, VoiceNumberWriter)
