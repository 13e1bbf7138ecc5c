"""Campaigns and their steps."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Deferrable, F, Q

from campaigns.design.schedule import DAYS, SCHEDULE
from campaigns.design.step_specs import step_types
from lad.db.constraints import KeyConstraint, ReferencedKey
from lad.db.fields import RegisteredKeyField, TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    ARCHIVED = "archived", "Archived"


class ExecutionState(models.TextChoices):
    """What the engine is doing with a running campaign."""

    ACTIVE = "active", "Active"
    WAITING_FOR_LEADS = "waiting_for_leads", "Waiting for leads"
    SLEEPING = "sleeping_until_next_day", "Sleeping until the next day"
    ERROR = "error", "Error"
    COMPLETED = "completed", "Completed"


class CampaignType(models.TextChoices):
    LINKEDIN = "linkedin_outreach", "LinkedIn outreach"
    EMAIL = "email_outreach", "E-mail outreach"
    MULTI_CHANNEL = "multi_channel", "Multi-channel"
    INBOUND = "inbound", "Inbound"


MAX_LEADS_PER_DAY = 1000


CONFIG = {
    "type": "object",
    "properties": {
        "campaign_type": {"enum": CampaignType.values},
        "leads_per_day": {"type": "integer", "minimum": 1, "maximum": MAX_LEADS_PER_DAY},
        "working_days": DAYS,
        "lead_gen_offset": {"type": "integer", "minimum": 0},
        "last_lead_gen_date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "goal": {"type": "string", "maxLength": 500},
        **SCHEDULE,
    },
}


class Campaign(DeletedFlag, SoftDeletable, TenantModel):
    """One outreach campaign. Its steps run in order for every enrolled lead.

    ``status`` is set by users, ``execution_state`` by the engine.
    """

    event_name = "campaigns.campaign"
    bookkeeping = ("next_run_at", "last_lead_check_at", "health_since", "updated_by_user")

    name = models.CharField(max_length=255)
    description = models.TextField(max_length=20_000, blank=True, default="", db_default="")
    status = models.CharField(
        max_length=50,
        choices=CampaignStatus,
        default=CampaignStatus.DRAFT,
        db_default=CampaignStatus.DRAFT,
        editable=False,
    )
    starts_at = models.DateTimeField(
        null=True, blank=True, help_text="Nothing is sent before this time. Empty means at once."
    )
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="The campaign is completed at this time. Empty means never."
    )
    config = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(CONFIG)])
    created_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)
    updated_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)
    execution_state = models.CharField(
        max_length=50,
        choices=ExecutionState,
        default=ExecutionState.ACTIVE,
        db_default=ExecutionState.ACTIVE,
        editable=False,
    )
    next_run_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the engine next works on the campaign."
    )
    last_lead_check_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the engine last looked for due leads."
    )
    priority = models.SmallIntegerField(
        default=0,
        db_default=0,
        help_text="A lead or account wanted by several campaigns goes to the one with the highest number.",
    )
    health_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Bounces and complaints count from this time on."
    )
    last_execution_reason = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="Why the engine is in its state."
    )

    class Meta:
        db_table = "campaigns"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="campaigns_starts_before_it_ends",
                violation_error_message="The campaign must end after it starts. Choose a later end.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="campaigns_name_given",
                violation_error_message="Give the campaign a name.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaigns_newest"),
            models.Index(
                fields=["tenant", "status", "-created_at"],
                condition=Q(deleted_at__isnull=True),
                name="campaigns_status",
            ),
            models.Index(
                fields=["tenant", "next_run_at"],
                condition=Q(status="running", deleted_at__isnull=True),
                name="campaigns_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name


# Larger than any campaign needs, smaller than the column allows.
MAX_ORDER = 10_000


class CampaignStep(SoftDeletable, TenantModel):
    """One step of a campaign. ``order`` counts from 1 and is unique among its steps that are not deleted.

    ``config`` holds the settings that the type needs; see ``campaigns.design.step_types``.
    """

    event_name = "campaigns.step"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="steps", db_index=False)
    type = RegisteredKeyField(max_length=50, registry=step_types)
    order = models.PositiveIntegerField(
        blank=True, validators=[MaxValueValidator(MAX_ORDER)], help_text="Empty means last."
    )
    title = models.CharField(max_length=255)
    description = models.TextField(max_length=20_000, blank=True, default="", db_default="")
    config = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        db_table = "campaign_steps"
        ordering = ["campaign", "order"]
        constraints = [
            # Rows that are not deleted have no deletion_id. Rows deleted together had different places.
            # Checked at the end of a statement, so that one statement can reorder them all.
            models.UniqueConstraint(
                fields=["tenant", "campaign", "order", "deletion_id"],
                nulls_distinct=False,
                deferrable=Deferrable.IMMEDIATE,
                name="campaign_steps_order_key",
                violation_error_message="Another step has this place. Choose a free one or reorder the steps.",
            ),
            ReferencedKey(fields=["tenant", "campaign", "id"], name="campaign_steps_campaign_key"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="campaign_steps_newest")]

    def __str__(self) -> str:
        return f"{self.order}. {self.title}"


class StepLink(TenantModel):
    """Where an outcome of a step leads. An outcome without a link leads to the next step in the order.

    ``target`` is null if the outcome ends the enrolment. ``campaign`` repeats the step's campaign, so that keys can
    require both steps to be of the same one.
    """

    event_name = "campaigns.step_link"

    campaign = TenantForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False, editable=False
    )
    step = TenantForeignKey("campaigns.CampaignStep", on_delete=models.CASCADE, related_name="links", db_index=False)
    outcome = models.CharField(max_length=30, help_text="For example yes, no, or the letter of a variant.")
    target = TenantForeignKey(
        "campaigns.CampaignStep",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Empty means that the enrolment ends here.",
    )

    tenant_key = False

    class Meta:
        db_table = "campaign_step_links"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "step", "outcome"],
                name="campaign_step_links_outcome",
                violation_error_message="This outcome of the step leads somewhere already. Change that link.",
            ),
            KeyConstraint(
                name="campaign_step_links_step_same_campaign",
                fields=("tenant", "campaign", "step"),
                to="campaigns.CampaignStep",
                to_fields=("tenant", "campaign", "id"),
                on_delete="CASCADE",
            ),
            KeyConstraint(
                name="campaign_step_links_target_same_campaign",
                fields=("tenant", "campaign", "target"),
                to="campaigns.CampaignStep",
                to_fields=("tenant", "campaign", "id"),
                on_delete="CASCADE",
                violation_error_message="Choose a step of the same campaign.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaign_step_links_newest"),
            models.Index(fields=["tenant", "campaign"], name="campaign_step_links_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}"
