"""The worker's settings, all from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``brief_url`` is the account's callback address at LAD and ``brief/``; without it no caller is answered."""

    key: str
    secret: str
    agent_name: str = "lad-agent"
    brief_url: str = ""
    stt: str = "deepgram/nova-3"
    llm: str = "openai/gpt-4.1-mini"
    tts: str = "cartesia/sonic-3"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings. Raises KeyError without LiveKit's key and secret."""
    given = {
        "agent_name": environment.get("LAD_AGENT_NAME", ""),
        "brief_url": environment.get("LAD_BRIEF_URL", ""),
        "stt": environment.get("LAD_STT_MODEL", ""),
        "llm": environment.get("LAD_LLM_MODEL", ""),
        "tts": environment.get("LAD_TTS_MODEL", ""),
    }
    chosen = {name: value for name, value in given.items() if value}
    return Settings(key=environment["LIVEKIT_API_KEY"], secret=environment["LIVEKIT_API_SECRET"], **chosen)
