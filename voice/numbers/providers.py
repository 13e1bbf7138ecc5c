"""The telephony providers of numbers. Register another one here; no migration is needed."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class TelephonyProvider:
    """A service that carries calls."""

    key: str
    label: str


telephony_providers: Final = Registry[TelephonyProvider]("telephony provider")

TWILIO: Final = telephony_providers.register(TelephonyProvider("twilio", "Twilio"))
VONAGE: Final = telephony_providers.register(TelephonyProvider("vonage", "Vonage"))
VAPI: Final = telephony_providers.register(TelephonyProvider("vapi", "Vapi"))
LIVEKIT: Final = telephony_providers.register(TelephonyProvider("livekit", "LiveKit"))
SASYA: Final = telephony_providers.register(TelephonyProvider("sasya", "Sasya"))
CUSTOM: Final = telephony_providers.register(TelephonyProvider("custom", "Own trunk"))
