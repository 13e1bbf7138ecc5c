"""What a carrier said of a call besides its state, as ``CallPlacement.facts`` keeps it: usage, price and recording.

The members are those of the carriers' protocol. A call without a placement keeps them in ``metadata["facts"]``.

Further keys: ``duration_seconds`` and ``ended_at`` as the carrier says them; ``gone_since`` is when a look-up first did
not know the call any more, ``weak_since`` since when it is only known to be over, ``line_free_since`` when its line was
given back, ``over_since`` when it was recorded as over, ``analysis_asked`` when its analysis was requested, and
``tools`` what the agent asked for and was answered.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from voice.calls.models import CallLog
from voice.carriers import values
from voice.carriers.protocol import CarrierCall, Price, Recording, Usage
from voice.dialer.models import CallPlacement

FACTS: Final = "facts"


def facts_of(call: CallLog, placement: CallPlacement | None) -> Mapping[str, Any]:
    """Return the facts that are known of a call."""
    return placement.facts if placement is not None else values.mapping(call.metadata.get(FACTS))


def merged(facts: Mapping[str, Any], told: CarrierCall) -> dict[str, Any]:
    """Return the facts with what a carrier told now. What it does not say stays."""
    new: dict[str, Any] = {}
    if told.usage:
        new["usage"] = [
            {
                "component": each.component,
                "unit": each.unit,
                "amount": str(each.amount),
                "provider": each.provider,
                "model": each.model,
            }
            for each in told.usage
        ]
    if told.price is not None:
        parts = {name: str(part) for name, part in told.price.parts.items()}
        new["price"] = {"amount": str(told.price.amount), "currency": told.price.currency, "parts": parts}
    if told.recording is not None:
        new["recording"] = {
            "location": told.recording.location,
            "duration_seconds": told.recording.duration_seconds,
            "size": told.recording.size,
        }
    return {**facts, **new}


def usage_of(facts: Mapping[str, Any]) -> list[Usage]:
    """Return what the components used, as far as the carrier said it."""
    found = []
    for each in values.objects(facts.get("usage")):
        amount = values.number(each.get("amount"))
        if amount is not None and amount >= 0:
            found.append(Usage(amount=amount, **{name: values.text(each.get(name)) for name in _TEXTS}))
    return found


def price_of(facts: Mapping[str, Any]) -> Price | None:
    """Return what the carrier charges, if it said so."""
    told = values.mapping(facts.get("price"))
    amount = values.number(told.get("amount"))
    if amount is None or amount < 0:
        return None
    parts = {name: values.number(part) for name, part in values.mapping(told.get("parts")).items()}
    return Price(
        amount, values.text(told.get("currency")), {name: part for name, part in parts.items() if part is not None}
    )


def recording_of(facts: Mapping[str, Any]) -> Recording | None:
    """Return where the carrier keeps the recording, if it said so."""
    told = values.mapping(facts.get("recording"))
    location = values.text(told.get("location"), 4_000)
    if not location:
        return None
    duration, size = values.number(told.get("duration_seconds")), values.number(told.get("size"))
    return Recording(location, None if duration is None else float(duration), None if size is None else int(size))


def moment_of(facts: Mapping[str, Any], name: str) -> datetime | None:
    """Return a moment among the facts, if it is known."""
    return values.moment(facts.get(name))


def seconds_of(facts: Mapping[str, Any]) -> int | None:
    """Return the talk time in seconds, if the carrier said it."""
    seconds = values.number(facts.get("duration_seconds"))
    return None if seconds is None else int(seconds)


_TEXTS: Final = ("component", "unit", "provider", "model")
