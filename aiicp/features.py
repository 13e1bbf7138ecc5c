"""The feature that opens the assistant, as the catalogue in tenants/features names it."""

from typing import Final

ICP_ASSISTANT: Final = "ai-icp-assistant"
