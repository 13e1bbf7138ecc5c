"""The protocols that model endpoints speak. The embedded answer is no endpoint: it is the caller's own function."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry

EMBEDDED: Final = "embedded"


@dataclass(frozen=True, slots=True)
class ModelProvider:
    """One protocol."""

    key: str
    label: str


model_providers: Final = Registry[ModelProvider]("model provider")

OPENAI_COMPATIBLE: Final = model_providers.register(ModelProvider("openai_compatible", "OpenAI-compatible")).key
ANTHROPIC: Final = model_providers.register(ModelProvider("anthropic", "Anthropic")).key
