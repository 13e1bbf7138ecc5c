"""What the onboarding questions call models for."""

from typing import Final

from lad.llm.purposes import Purpose, purposes

WIZARD: Final = purposes.register(Purpose("aiicp.wizard", "Onboarding questions")).key
