"""Tables of voice agents, voices, and members' profiles and permissions."""

from typing import Final

from django.db import models

from lad.db.constraints import ReferencedKey
from lad.db.fields import RegisteredKeyField, SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import NumberedModel, SharedModel, SoftDeletable, TenantModel
from lad.db.normalised import PhoneField
from lad.times import written
from voice.agents.providers import voice_providers
from voice.agents.tools import TOOL_NAMES, TOOLS_SCHEMA, default_tools
from voice.constraints import LANGUAGE, MAX_URL, WEB_ADDRESS, is_web_address
from voice.json_schemas import ANALYSIS_FIELDS, FALLBACKS, OPENINGS, PREFERENCES, VOICE

MAX_PROMPT = 50_000
MAX_KNOWLEDGE = 50_000


class Gender(models.TextChoices):
    """The gender of a voice or an agent."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    NEUTRAL = "neutral", "Neutral"


class AgentContent(models.Model):
    """What an agent says and does on a call: of the agent itself, and of each of its versions."""

    agent_instructions = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    system_instructions = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    outbound_starter_prompt = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    inbound_starter_prompt = models.TextField(max_length=MAX_PROMPT, blank=True, default="", db_default="")
    gender = models.CharField(max_length=20, choices=Gender, null=True, blank=True)  # noqa: DJ001
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[LANGUAGE])
    openings = models.JSONField(
        "further languages",
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(OPENINGS)],
        help_text="Languages that it speaks besides its own, each with what it says first, outbound and inbound.",
    )
    fallbacks = models.JSONField(
        "fallbacks of variables",
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(FALLBACKS)],
        help_text="What stands in the place of a variable that nothing fills.",
    )
    tools = models.JSONField(
        "what it may do",
        default=default_tools,
        blank=True,
        db_default=list(TOOL_NAMES[:3]),
        validators=[JsonSchemaValidator(TOOLS_SCHEMA)],
        help_text="What the agent may do during a call, such as booking a time.",
    )
    transfer_to = PhoneField(
        blank=True, default="", db_default="", help_text="The number of the person to whom it hands a call over."
    )
    analysis_fields = models.JSONField(
        "fields of the analysis",
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(ANALYSIS_FIELDS)],
        help_text="What the analysis of each call should find out, as a JSON Schema with plain values.",
    )

    class Meta:
        abstract = True


class VoiceAgent(AgentContent, NumberedModel, SoftDeletable, TenantModel):
    """One persona that makes and takes calls, with its instructions, openings, voice and language.

    The row is what calls use: its newest published version.
    """

    event_name = "voice.agent"

    name = models.CharField(max_length=255)
    voice = SharedForeignKey(
        "voice.Voice", on_delete=models.PROTECT, null=True, blank=True, related_name="agents", db_index=False
    )
    max_concurrent = models.PositiveIntegerField(
        "calls at once", null=True, blank=True, help_text="Empty means as many as the tenant may make."
    )

    class Meta:
        db_table = "voice_agents"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name__regex=r"^\s*$"),
                name="voice_agents_name_given",
                violation_error_message="Enter a name for the agent.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agents_newest"),
            models.Index(fields=["tenant", "name"], name="voice_agents_name"),
            models.Index(fields=["tenant", "voice"], name="voice_agents_voice"),
        ]

    def __str__(self) -> str:
        return self.name


class VersionState(models.TextChoices):
    """Whether calls may use the version."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class VoiceAgentVersion(AgentContent, TenantModel):
    """What an agent said and did at one time. A call names the one it was made with.

    Published versions are numbered and never change. An agent has at most one draft; ``based_on`` is the number of
    the version that it was copied from.
    """

    event_name = "voice.agent_version"

    agent = TenantForeignKey(
        VoiceAgent, on_delete=models.CASCADE, related_name="versions", db_index=False, editable=False
    )
    state = models.CharField(
        max_length=20, choices=VersionState, default=VersionState.DRAFT, db_default=VersionState.DRAFT, editable=False
    )
    number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    based_on = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    voice = SharedForeignKey(
        "voice.Voice", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.CharField(
        "what changed", max_length=500, blank=True, default="", db_default="", help_text="For those who look it up."
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)

    class Meta:
        db_table = "voice_agent_versions"
        verbose_name = "version of a voice agent"
        verbose_name_plural = "versions of voice agents"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "agent", "number"],
                condition=models.Q(number__isnull=False),
                name="voice_agent_versions_number_key",
                violation_error_message="The agent was published meanwhile. Try again.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "agent"],
                condition=models.Q(state=VersionState.DRAFT.value),
                name="voice_agent_versions_draft_key",
                violation_error_message="The agent has a draft already. Change that one.",
            ),
            models.CheckConstraint(
                condition=models.Q(state=VersionState.DRAFT.value, number__isnull=True, published_at__isnull=True)
                | models.Q(state=VersionState.PUBLISHED.value, number__gt=0, published_at__isnull=False),
                name="voice_agent_versions_numbered",
                violation_error_message="A published version has a number, a draft has none.",
            ),
            ReferencedKey(fields=["tenant", "agent", "id"], name="voice_agent_versions_agent_key"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agent_versions_newest"),
            models.Index(fields=["tenant", "voice"], name="voice_agent_versions_voice"),
        ]

    def __str__(self) -> str:
        if self.number is None:
            return f"Draft of {written(self.created_at)}"
        return f"Version {self.number}"

    @property
    def is_draft(self) -> bool:
        return bool(self.state == VersionState.DRAFT)


# The columns that an agent and its versions share.
CONTENT: Final = (*(field.name for field in AgentContent._meta.local_fields), "voice")


class KnowledgeText(SoftDeletable, TenantModel):
    """Something that agents know, such as prices or opening hours: one agent's, or that of all the tenant's agents."""

    event_name = "voice.knowledge_text"

    agent = TenantForeignKey(
        VoiceAgent,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="knowledge",
        db_index=False,
        help_text="Empty means every agent.",
    )
    name = models.CharField(max_length=200)
    content = models.TextField(max_length=MAX_KNOWLEDGE)
    priority = models.PositiveSmallIntegerField(
        default=100, db_default=100, help_text="The lowest comes first. What does not fit is left out."
    )
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "voice_knowledge_texts"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "agent", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_knowledge_texts_name_key",
                nulls_distinct=False,
                violation_error_message="There is a text of this name already.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_knowledge_texts_newest"),
            models.Index(fields=["tenant", "agent", "priority"], name="voice_knowledge_texts_agent"),
        ]

    def __str__(self) -> str:
        return self.name


class Voice(SharedModel):
    """One voice of a speech provider. A voice without a tenant is shared with every tenant."""

    event_name = "voice.voice"

    provider = RegisteredKeyField(max_length=50, registry=voice_providers)
    provider_voice_id = models.CharField(max_length=255)
    description = models.TextField(max_length=2_000, blank=True, default="", db_default="")
    gender = models.CharField(max_length=20, choices=Gender, null=True, blank=True)  # noqa: DJ001
    accent = models.CharField(max_length=100, blank=True, default="", db_default="")
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[LANGUAGE])
    voice_sample_url = models.URLField(
        "voice sample", max_length=MAX_URL, blank=True, default="", db_default="", validators=[WEB_ADDRESS]
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(VOICE)])

    class Meta:
        db_table = "voice_agent_voices"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "provider", "provider_voice_id"],
                name="voice_agent_voices_provider_key",
                nulls_distinct=False,
                violation_error_message="This provider's voice is already in the list.",
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
    """One member's default agent, default number and preferences for calls."""

    event_name = "voice.profile"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    default_agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    default_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    preferences = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(PREFERENCES)]
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        db_table = "voice_user_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_user_profiles_user_key",
                violation_error_message="This member already has a voice profile.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="voice_user_profiles_newest")]

    def __str__(self) -> str:
        # Use the user's address only if it is loaded: a label must not cost a query.
        return str(self._state.fields_cache.get("user") or self.user_id)


class VoicePermission(SoftDeletable, TenantModel):
    """One member's permission to call from a number, to use a voice, or to use both together."""

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
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

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
                violation_error_message="This member already has this permission.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_permissions_newest"),
            models.Index(fields=["tenant", "number"], name="voice_permissions_number"),
            models.Index(fields=["tenant", "voice"], name="voice_permissions_voice"),
        ]

    def __str__(self) -> str:
        loaded = self._state.fields_cache
        targets = [str(loaded.get(name) or name) for name in ("number", "voice") if getattr(self, f"{name}_id")]
        return f"{loaded.get('user') or self.user_id} · {' and '.join(targets)}"
