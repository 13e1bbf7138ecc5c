"""What a call used, by component, as LAD prices it."""

from collections.abc import Iterable
from typing import Any, Final

# LiveKit's kind of usage → LAD's component, and LiveKit's figure → LAD's unit.
COUNTED: Final = {
    "stt_usage": ("stt", (("audio_duration", "seconds"),)),
    "llm_usage": ("llm", (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))),
    "tts_usage": ("tts", (("characters_count", "characters"),)),
}


def rows(model_usage: Iterable[Any], *, seconds: float) -> list[dict[str, Any]]:
    """Return what each model used, and how long the worker's machine was busy."""
    found = []
    for each in model_usage:
        component, figures = COUNTED.get(getattr(each, "type", ""), ("", ()))
        for figure, unit in figures:
            amount = getattr(each, figure, 0) or 0
            if amount > 0:
                found.append(
                    {
                        "component": component,
                        "unit": unit,
                        "amount": round(amount, 2),
                        "provider": _plain(getattr(each, "provider", "")),
                        "model": str(getattr(each, "model", ""))[:100],
                    }
                )
    found.append({"component": "machine", "unit": "seconds", "amount": round(max(seconds, 0.0), 2)})
    return found


def _plain(provider: str) -> str:
    """Return a provider's name as LAD writes it: “OpenAI” and “openai.chat” are openai."""
    return str(provider).split(".")[0].strip().lower()[:50]
