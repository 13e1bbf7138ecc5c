"""Voices: what an agent sounds like."""

from django.db import models

from lad.db.models import SharedModel
from lad.db.shapes import Shape
from voice.models.agent import Gender
from voice.models.checks import LANGUAGE, MAX_URL, WEB_ADDRESS, is_web_address
from voice.shapes import VOICE


class VoiceProvider(models.TextChoices):
    """Who makes the sound."""

    ELEVENLABS = "elevenlabs", "ElevenLabs"
    GOOGLE = "google", "Google"
    OPENAI = "openai", "OpenAI"
    CARTESIA = "cartesia", "Cartesia"
    GOOGLE_CHIRP = "google_chirp", "Google Chirp"
    GEMINI = "gemini", "Gemini"
    RIME = "rime", "Rime"
    SMALLESTAI = "smallestai", "Smallest.ai"
    SARVAM = "sarvam", "Sarvam"
    ULTRAVOX = "ultravox", "Ultravox"
    GEMINI_REALTIME = "gemini_realtime", "Gemini Realtime"
    OPENAI_REALTIME = "openai_realtime", "OpenAI Realtime"


class Voice(SharedModel):
    """One voice of a speech provider; without a tenant every tenant's agents may speak with it."""

    provider = models.CharField(max_length=50, choices=VoiceProvider)
    provider_voice_id = models.CharField(max_length=255)
    description = models.TextField(max_length=2_000, blank=True, default="", db_default="")
    gender = models.CharField(max_length=20, choices=Gender, null=True, blank=True)  # noqa: DJ001
    accent = models.CharField(max_length=100, blank=True, default="", db_default="")
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[LANGUAGE])
    voice_sample_url = models.URLField(
        "voice sample", max_length=MAX_URL, blank=True, default="", db_default="", validators=[WEB_ADDRESS]
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(VOICE)])

    class Meta:
        db_table = "voice_agent_voices"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "provider", "provider_voice_id"],
                name="voice_agent_voices_provider_key",
                nulls_distinct=False,
                violation_error_message="This voice of the provider is in the list already.",
            ),
            is_web_address("voice_agent_voices", "voice_sample_url"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agent_voices_newest"),
            models.Index(fields=["tenant", "language"], name="voice_agent_voices_language"),
        ]

    def __str__(self) -> str:
        name = self.description.split("\n", 1)[0][:60] or self.provider_voice_id
        return f"{name} · {self.get_provider_display()}"
