"""What the assistant calls models for."""

from typing import Final

from lad.llm.purposes import Purpose, purposes

TURN: Final = purposes.register(Purpose("aiicp.assistant", "Assistant: conversations")).key
