"""The feature that opens the voice app, as the catalogue in tenants/features names it."""

from typing import Final

VOICE_AGENT: Final = "voice-agent"
