"""Agents and numbers as people keep them."""

from collections.abc import Mapping
from typing import Any

from lad import writes
from lad.errors import Conflict, Invalid
from voice.models import CallBatch, VoiceNumber
from voice.statuses import BATCH_OPEN


class StillCalling(Conflict):
    """A batch that is not over needs it: cancel the batch first."""

    code = "still_calling"


class VoiceAgentWriter(writes.Writer):
    """An agent is deleted when no batch has calls left to make with it; calls made keep naming it."""

    def delete(self, row: Any, *, actor: Any = None) -> None:
        _refuse_while_needed(agent=row)
        super().delete(row, actor=actor)


class VoiceNumberWriter(writes.Writer):
    """A number is told by its country code with a plus and its national number without it."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().create(_tidied(values), actor=actor)

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().update(row, _tidied(values), actor=actor)

    def delete(self, row: VoiceNumber, *, actor: Any = None) -> None:
        _refuse_while_needed(from_number=row)
        super().delete(row, actor=actor)


def _refuse_while_needed(**target: Any) -> None:
    if CallBatch.objects.filter(status__in=BATCH_OPEN, **target).exists():
        raise StillCalling


def with_plus(country_code: str) -> str:
    """A country code as others write it: ``39`` and ``0039`` mean ``+39``. Raises Invalid."""
    digits = country_code.strip().removeprefix("+").removeprefix("00")
    if not digits.isdecimal():
        raise Invalid(errors={"country_code": ["Write the country code with its plus, such as +39."]})
    return f"+{digits}"


def _tidied(values: Mapping[str, Any]) -> dict[str, Any]:
    if "country_code" not in values:
        return dict(values)
    return {**values, "country_code": with_plus(str(values["country_code"]))}
