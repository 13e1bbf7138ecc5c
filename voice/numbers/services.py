"""Telephone numbers as people keep them."""

from collections.abc import Mapping
from typing import Any

from lad import writes
from lad.errors import Invalid
from voice.batches.selectors import require_no_open_batch
from voice.numbers.models import VoiceNumber


class VoiceNumberWriter(writes.Writer):
    """A number is told by its country code with a plus and its national number without it."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().create(_with_plus_sign(values), actor=actor)

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().update(row, _with_plus_sign(values), actor=actor)

    def delete(self, row: VoiceNumber, *, actor: Any = None) -> None:
        require_no_open_batch(from_number=row)
        super().delete(row, actor=actor)


def with_plus(country_code: str) -> str:
    """A country code as others write it: ``39`` and ``0039`` mean ``+39``. Raises Invalid."""
    digits = country_code.strip().removeprefix("+").removeprefix("00")
    if not digits.isdecimal():
        raise Invalid(errors={"country_code": ["Write the country code with its plus, such as +39."]})
    return f"+{digits}"


def _with_plus_sign(values: Mapping[str, Any]) -> dict[str, Any]:
    if "country_code" not in values:
        return dict(values)
    return {**values, "country_code": with_plus(str(values["country_code"]))}


writes.register(VoiceNumber, VoiceNumberWriter)
