"""The carriers that LAD has a client for. Register another one here; no migration is needed."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class CarrierKind:
    """A carrier. ``required`` names the columns that an account of it must fill before it can be used."""

    key: str
    label: str
    address: str
    required: tuple[str, ...]


carriers: Final = Registry[CarrierKind]("carrier")

LIVEKIT: Final = carriers.register(CarrierKind("livekit", "LiveKit", "", ("base_url", "key_id", "secret")))
VAPI: Final = carriers.register(
    CarrierKind("vapi", "Vapi", "https://api.vapi.ai", ("base_url", "secret", "webhook_secret", "agent"))
)
