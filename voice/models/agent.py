"""Agents: who speaks on a call."""

from django.db import models

from lad.db.fields import SharedForeignKey
from lad.db.models import NumberedModel, SoftDeletable, TenantModel
from voice.models.checks import LANGUAGE

MAX_PROMPT = 50_000


class Gender(models.TextChoices):
    """How a voice or a persona presents itself."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    NEUTRAL = "neutral", "Neutral"


class VoiceAgent(NumberedModel, SoftDeletable, TenantModel):
    """One persona that makes and takes calls: what it is told, how it begins, in which voice and language."""

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
