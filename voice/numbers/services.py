"""Write the tenant's telephone numbers."""

from typing import Any

from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values
from voice.errors import UsedByOpenBatch
from voice.numbers.models import VoiceNumber
from voice.statuses import BATCH_OPEN


class VoiceNumberWriter(writes.Writer[VoiceNumber]):
    """Store the country code with its plus, and keep a number while an open batch uses it."""

    def prepare(self, row: VoiceNumber | None, values: Values, *, actor: Actor) -> Values:
        return _with_plus_sign(values)

    def before_delete(self, row: VoiceNumber, *, actor: Actor) -> None:
        """Raise UsedByOpenBatch if a queued or running batch calls from the number."""
        if row.batches.filter(status__in=BATCH_OPEN).exists():
            raise UsedByOpenBatch


def normalise_country_code(country_code: str) -> str:
    """Return the country code with its plus: ``39`` and ``0039`` become ``+39``. Raise Invalid for anything else."""
    digits = country_code.strip().removeprefix("+").removeprefix("00")
    if not digits.isdecimal():
        raise Invalid(errors={"country_code": ["Write the country code with its plus, such as +39."]})
    return f"+{digits}"


def _with_plus_sign(values: Values) -> dict[str, Any]:
    if "country_code" not in values:
        return dict(values)
    return {**values, "country_code": normalise_country_code(str(values["country_code"]))}


writes.register(VoiceNumber, VoiceNumberWriter)
