"""The providers of voices. Register another one here; no migration is needed."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class VoiceProvider:
    """A service that turns text into speech, or speaks itself."""

    key: str
    label: str


voice_providers: Final = Registry[VoiceProvider]("voice provider")

ELEVENLABS: Final = voice_providers.register(VoiceProvider("elevenlabs", "ElevenLabs"))
GOOGLE: Final = voice_providers.register(VoiceProvider("google", "Google"))
OPENAI: Final = voice_providers.register(VoiceProvider("openai", "OpenAI"))
CARTESIA: Final = voice_providers.register(VoiceProvider("cartesia", "Cartesia"))
GOOGLE_CHIRP: Final = voice_providers.register(VoiceProvider("google_chirp", "Google Chirp"))
GEMINI: Final = voice_providers.register(VoiceProvider("gemini", "Gemini"))
RIME: Final = voice_providers.register(VoiceProvider("rime", "Rime"))
SMALLESTAI: Final = voice_providers.register(VoiceProvider("smallestai", "Smallest.ai"))
SARVAM: Final = voice_providers.register(VoiceProvider("sarvam", "Sarvam"))
ULTRAVOX: Final = voice_providers.register(VoiceProvider("ultravox", "Ultravox"))
GEMINI_REALTIME: Final = voice_providers.register(VoiceProvider("gemini_realtime", "Gemini Realtime"))
OPENAI_REALTIME: Final = voice_providers.register(VoiceProvider("openai_realtime", "OpenAI Realtime"))
