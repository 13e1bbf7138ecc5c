"""The speech and language models of a call.

Models are named as LiveKit's inference gateway names them, such as ``deepgram/nova-3``. A voice of a provider that the
gateway does not have is spoken by that provider's plugin, if it is installed.
"""

import importlib
import logging
from typing import Any, Final

from livekit.agents import inference

from voice_worker.briefs import Brief, Voice
from voice_worker.settings import Settings

# LAD's provider of a voice → the gateway's model.
GATEWAY: Final = {"cartesia": "cartesia/sonic-3", "rime": "rime/arcana"}
# LAD's provider → the plugin and the name of its argument for the voice.
PLUGINS: Final = {
    "elevenlabs": ("livekit.plugins.elevenlabs", "voice_id"),
    "openai": ("livekit.plugins.openai", "voice"),
    "google": ("livekit.plugins.google", "voice_name"),
    "google_chirp": ("livekit.plugins.google", "voice_name"),
    "sarvam": ("livekit.plugins.sarvam", "speaker"),
    "smallestai": ("livekit.plugins.smallestai", "voice_id"),
}

log = logging.getLogger("voice_worker")


def speech_to_text(brief: Brief, settings: Settings) -> Any:
    return inference.STT(settings.stt, language=brief.language)


def language_model(settings: Settings) -> Any:
    return inference.LLM(settings.llm)


def text_to_speech(brief: Brief, settings: Settings) -> Any:
    """Return the voice of the call. One that nobody here can speak is replaced by the worker's own voice."""
    voice = brief.voice
    if voice is None:
        return inference.TTS(settings.tts, language=brief.language)
    if voice.provider in GATEWAY:
        return inference.TTS(GATEWAY[voice.provider], voice=voice.id, language=brief.language)
    spoken = _by_plugin(voice)
    if spoken is not None:
        return spoken
    log.warning("no plugin speaks voices of %s; the worker's own voice is used", voice.provider)
    return inference.TTS(settings.tts, language=brief.language)


def _by_plugin(voice: Voice) -> Any:
    module, argument = PLUGINS.get(voice.provider, ("", ""))
    if not module:
        return None
    try:
        plugin = importlib.import_module(module)
    except ImportError:
        return None
    return plugin.TTS(**{argument: voice.id})
