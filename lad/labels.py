"""Keys as people read them."""

import re
from typing import Final

# Words that have a spelling of their own.
_SPELLINGS: Final = {
    "ai": "AI",
    "api": "API",
    "apollo": "Apollo.io",
    "assemblyai": "AssemblyAI",
    "crm": "CRM",
    "csv": "CSV",
    "deepseek": "DeepSeek",
    "digitalocean": "DigitalOcean",
    "elevenlabs": "ElevenLabs",
    "email": "e-mail",
    "followup": "follow-up",
    "followups": "follow-ups",
    "github": "GitHub",
    "html": "HTML",
    "icp": "ICP",
    "id": "ID",
    "ip": "IP",
    "json": "JSON",
    "linkedin": "LinkedIn",
    "livekit": "LiveKit",
    "llm": "LLM",
    "noshow": "no-show",
    "oauth": "OAuth",
    "openai": "OpenAI",
    "pdf": "PDF",
    "sms": "SMS",
    "stt": "STT",
    "tiktok": "TikTok",
    "topup": "top-up",
    "tts": "TTS",
    "url": "URL",
    "vm": "VM",
    "whatsapp": "WhatsApp",
    "youtube": "YouTube",
}
# Parts of a name that is spelled as one: the “io” of apollo_io.
_NAMES: Final = {"apollo_io": "apollo", "follow_up": "followup", "top_up": "topup", "no_show": "noshow"}
_NAME: Final = re.compile(rf"(?:^|(?<=[_.-]))(?:{'|'.join(_NAMES)})(?=$|[_.-])")
_KEY: Final = re.compile(r"[a-z0-9]+(?:[_.-][a-z0-9]+)*")
_BREAK: Final = re.compile(r"[_.\-\s]+")


def in_words(key: str) -> str:
    """Return a key as people read it: ``linkedin_followup`` as “LinkedIn follow-up”. Other text stays as it is."""
    if not _KEY.fullmatch(key.lower()) or key != key.lower():
        return key
    joined = _NAME.sub(lambda match: _NAMES[match[0]], key.replace("-", "_"))
    text = " ".join(_SPELLINGS.get(word, word) for word in _BREAK.split(joined) if word)
    return text[:1].upper() + text[1:]
