"""Connections to language models, which one a tenant uses, and what was used."""

from collections.abc import Hashable, Mapping
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from lad.db.fields import EncryptedTextField, RegisteredKeyField, SharedForeignKey
from lad.db.models import AppendOnly, SharedModel, SoftDeletable, TenantModel
from lad.llm.providers import OPENAI_COMPATIBLE, model_providers
from lad.llm.purposes import purposes

MAX_TOKENS_LIMIT = 1_000_000_000_000
MAX_REQUESTS_A_MINUTE = 100_000
MAX_SECONDS_A_CALL = 600


class ConnectionStatus(models.TextChoices):
    """What the endpoint last answered."""

    UNTESTED = "untested", "Not tested"
    CONNECTED = "connected", "Connected"
    REFUSED = "refused", "Key refused"
    UNREACHABLE = "unreachable", "Not reachable"
    FAILED = "failed", "Does not answer as expected"


class ModelConnection(SoftDeletable, SharedModel):
    """An endpoint with a model. One without a tenant is the platform's: every tenant may choose it.

    Limits apply to each tenant that uses it. ``abilities`` is what LAD learned about the endpoint: the best way to get
    structured answers, and which parameters it takes.
    """

    event_name = "tenants.model_connection"
    bookkeeping = ("abilities", "offered_models", "status", "status_reason", "tested_at")
    audited_columns = (
        "name",
        "provider",
        "base_url",
        "model",
        "api_key",
        "is_active",
        "status",
        "tokens_per_day",
        "tokens_per_month",
        "requests_per_minute",
        "seconds_per_call",
        "deleted_at",
    )

    name = models.CharField(max_length=100)
    provider = RegisteredKeyField(max_length=30, registry=model_providers, default=OPENAI_COMPATIBLE)
    base_url = models.URLField(
        "address",
        max_length=500,
        help_text="The endpoint's base, such as https://api.openai.com/v1 or https://api.anthropic.com.",
    )
    model = models.CharField(
        max_length=200, help_text="The model's name at the endpoint. Testing the connection lists them."
    )
    api_key = EncryptedTextField(
        "API key",
        blank=True,
        default="",
        db_default="",
        max_length=1_000,
        help_text="Stored encrypted and never shown. A changed address needs it again.",
    )
    is_active = models.BooleanField(default=True, db_default=True)
    status = models.CharField(
        max_length=20,
        choices=ConnectionStatus,
        default=ConnectionStatus.UNTESTED,
        db_default=ConnectionStatus.UNTESTED,
        editable=False,
    )
    status_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    offered_models: Any = models.JSONField(
        "models of the endpoint",
        default=list,
        blank=True,
        db_default=[],
        editable=False,
        help_text="The names that the endpoint listed when it was last tested.",
    )
    abilities = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="What LAD learned: the best way to structured answers, and which parameters the endpoint takes.",
    )
    tokens_per_day = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_TOKENS_LIMIT)], help_text="Empty means no limit."
    )
    tokens_per_month = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_TOKENS_LIMIT)], help_text="Empty means no limit."
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_REQUESTS_A_MINUTE)], help_text="Empty means no limit."
    )
    seconds_per_call = models.PositiveSmallIntegerField(
        default=60,
        db_default=60,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SECONDS_A_CALL)],
        help_text="A call that takes longer is given up.",
    )

    class Meta:
        db_table = "model_connections"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="model_connections_name_key",
                violation_error_message="There is a connection with this name already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="model_connections_newest")]

    def __str__(self) -> str:
        return self.name

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the address that the key is for."""
        return {"api_key": frozenset({self.base_url})}


class ModelChoice(TenantModel):
    """Which connection a tenant uses for a purpose. Without a row, or a connection, answers are embedded."""

    event_name = "tenants.model_choice"

    purpose = RegisteredKeyField(
        max_length=50,
        registry=purposes,
        blank=True,
        default="",
        db_default="",
        help_text="Empty means every purpose without a choice of its own.",
    )
    connection = SharedForeignKey(
        ModelConnection,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="choices",
        db_index=False,
        help_text="Empty means the embedded assistant, which needs no model.",
    )

    tenant_key = False

    class Meta:
        db_table = "model_choices"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "purpose"],
                name="model_choices_purpose_key",
                violation_error_message="There is a choice for this purpose already. Change that one.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="model_choices_newest"),
            models.Index(fields=["tenant", "connection"], name="model_choices_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display() or 'Every purpose'}: {self.connection or 'embedded'}"


class ModelAllowance(TenantModel):
    """What a tenant used of a connection in the current minute, day and month (UTC), reserved calls included."""

    event_name = "tenants.model_allowance"

    connection = SharedForeignKey(
        ModelConnection, on_delete=models.CASCADE, related_name="+", db_index=False, editable=False
    )
    minute = models.DateTimeField(editable=False)
    minute_requests = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    day = models.DateField(editable=False)
    day_tokens = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    month = models.DateField(editable=False)
    month_tokens = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    # Counters that change with every call.
    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "model_allowances"
        constraints = [models.UniqueConstraint(fields=["tenant", "connection"], name="model_allowances_key")]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="model_allowances_newest")]

    def __str__(self) -> str:
        return f"{self.connection}: {self.day_tokens:,} tokens on {self.day}"


class CallOutcome(models.TextChoices):
    """What became of a call."""

    ANSWERED = "answered", "Answered"
    REPAIRED = "repaired", "Answered after a repair"
    CUT_OFF = "cut_off", "Cut off"
    CANCELLED = "cancelled", "Cancelled"
    REFUSED = "refused", "Refused by the model"
    INVALID = "invalid", "No usable answer"
    FAILED = "failed", "Failed"


class ModelUsage(AppendOnly, TenantModel):
    """One call: tokens, seconds and outcome. It holds no text of the call."""

    event_name = "tenants.model_usage"

    # No key: the record outlives the connection.
    connection_id = models.UUIDField(editable=False)
    connection_name = models.CharField("connection", max_length=100, editable=False)
    provider = models.CharField(max_length=30, editable=False)
    model = models.CharField(max_length=200, editable=False)
    purpose = models.CharField(max_length=50, editable=False)
    prompt = models.CharField(max_length=120, editable=False, default="", db_default="", help_text="Name and version.")
    outcome = models.CharField(max_length=20, choices=CallOutcome, editable=False)
    requests = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    input_tokens = models.PositiveBigIntegerField(editable=False)
    output_tokens = models.PositiveBigIntegerField(editable=False)
    estimated = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="The endpoint counted no tokens, so LAD estimated."
    )
    seconds = models.DecimalField(max_digits=9, decimal_places=3, editable=False)

    class Meta:
        db_table = "model_usage"
        verbose_name = "model call"
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="model_usage_newest"),
            models.Index(fields=["tenant", "purpose", "-created_at"], name="model_usage_purpose"),
            models.Index(fields=["tenant", "connection_id", "-created_at"], name="model_usage_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.input_tokens + self.output_tokens:,} tokens"
