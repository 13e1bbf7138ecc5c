"""Agents: who speaks on a call."""

from django.db import models

from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import NumberedModel, SharedModel, SoftDeletable, TenantModel
from lad.db.shapes import OBJECT, Shape
from voice.constraints import LANGUAGE, MAX_URL, WEB_ADDRESS, is_web_address
from voice.json_schemas import PREFERENCES, VOICE

MAX_PROMPT = 50_000


class Gender(models.TextChoices):
    """How a voice or a persona presents itself."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    NEUTRAL = "neutral", "Neutral"


class VoiceAgent(NumberedModel, SoftDeletable, TenantModel):
    """One persona that makes and takes calls: what it is told, how it begins, in which voice and language."""

    event_name = "voice.agent"

    name = models.CharField(max_length=255)
    agent_instructions = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    system_instructions = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    outbound_starter_prompt = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    inbound_starter_prompt = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    voice = SharedForeignKey(
        "voice.Voice", on_delete=models.PROTECT, null=True, blank=True, related_name="agents", db_index=False
    )
    gender = models.CharField(max_length=20, choices=Gender, null=True, blank=True)  # noqa: DJ001
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[LANGUAGE])

    class Meta:
        db_table = "voice_agents"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name__regex=r"^\s*$"),
                name="voice_agents_name_given",
                violation_error_message="Give the agent a name.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agents_newest"),
            models.Index(fields=["tenant", "name"], name="voice_agents_name"),
            models.Index(fields=["tenant", "voice"], name="voice_agents_voice"),
        ]

    def __str__(self) -> str:
        return self.name


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

    event_name = "voice.voice"

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


class VoiceProfile(SoftDeletable, TenantModel):
    """One member's defaults for calling."""

    event_name = "voice.profile"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    default_agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    default_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    preferences = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(PREFERENCES)])
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])

    class Meta:
        db_table = "voice_user_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_user_profiles_user_key",
                violation_error_message="This member has a profile already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="voice_user_profiles_newest")]

    def __str__(self) -> str:
        # The person's address where it is at hand: a name must not cost a query.
        return str(self._state.fields_cache.get("user") or self.user_id)


class VoicePermission(SoftDeletable, TenantModel):
    """One member's right to call from a number, to use a voice, or to use both together."""

    event_name = "voice.permission"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    number = TenantForeignKey(
        "voice.VoiceNumber",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="permissions",
        db_index=False,
    )
    voice = SharedForeignKey(
        "voice.Voice", on_delete=models.PROTECT, null=True, blank=True, related_name="permissions", db_index=False
    )
    is_active = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])

    class Meta:
        db_table = "voice_permissions"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__isnull=False) | models.Q(voice__isnull=False),
                name="voice_permissions_target",
                violation_error_message="Choose a number, a voice or both.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "user", "number", "voice"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_permissions_target_key",
                nulls_distinct=False,
                violation_error_message="This member has this permission already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_permissions_newest"),
            models.Index(fields=["tenant", "number"], name="voice_permissions_number"),
            models.Index(fields=["tenant", "voice"], name="voice_permissions_voice"),
        ]

    def __str__(self) -> str:
        known = self._state.fields_cache
        targets = [str(known.get(name) or name) for name in ("number", "voice") if getattr(self, f"{name}_id")]
        return f"{known.get('user') or self.user_id} · {' and '.join(targets)}"
