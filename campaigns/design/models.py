"""Campaigns."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Deferrable, F, Q

from lad.db.constraints import ReferencedKey
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from lad.db.shapes import OBJECT, Shape


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    ARCHIVED = "archived", "Archived"


class ExecutionState(models.TextChoices):
    """What the engine does with a running campaign."""

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


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


MOST_LEADS_PER_DAY = 1000


CONFIG = {
    "type": "object",
    "properties": {
        "campaign_type": {"enum": CampaignType.values},
        "leads_per_day": {"type": "integer", "minimum": 1, "maximum": MOST_LEADS_PER_DAY},
        "working_days": {"type": "array", "items": {"enum": list(WEEKDAYS)}, "uniqueItems": True, "minItems": 1},
        "lead_gen_offset": {"type": "integer", "minimum": 0},
        "last_lead_gen_date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "goal": {"type": "string", "maxLength": 500},
    },
}


class Campaign(DeletedFlag, SoftDeletable, TenantModel):
    """One outreach campaign: its steps are done in order for every lead enrolled in it.

    ``status`` is what people decided, ``execution_state`` what the engine is doing about it.
    """

    event_name = "campaigns.campaign"

    name = models.CharField(max_length=255)
    description = models.TextField(max_length=20_000, blank=True, default="", db_default="")
    status = models.CharField(
        max_length=50,
        choices=CampaignStatus,
        default=CampaignStatus.DRAFT,
        db_default=CampaignStatus.DRAFT,
        editable=False,
    )
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Nothing is sent before; empty: at once.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="The campaign is completed then; empty: never.")
    config = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(CONFIG)])
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
        null=True, blank=True, editable=False, help_text="When the engine takes a running campaign up again."
    )
    last_lead_check_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the engine last looked for leads to go on with."
    )
    last_execution_reason = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="Why the engine is in its state, in words."
    )

    class Meta:
        db_table = "campaigns"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="campaigns_starts_before_it_ends",
                violation_error_message="The campaign ends before it starts: choose a later end.",
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


# Far beyond any campaign, and far below where numbers end.
LAST_PLACE = 10_000


class Channel(models.TextChoices):
    LINKEDIN = "linkedin", "LinkedIn"
    EMAIL = "email", "E-mail"
    VOICE = "voice", "Voice"
    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    WEB = "web", "Web"


class StepType(models.TextChoices):
    START = "start", "Start"
    END = "end", "End"
    DELAY = "delay", "Delay"
    CONDITION = "condition", "Condition"
    LEAD_GENERATION = "lead_generation", "Lead generation"
    LINKEDIN_VISIT = "linkedin_visit", "LinkedIn: visit profile"
    LINKEDIN_FOLLOW = "linkedin_follow", "LinkedIn: follow"
    LINKEDIN_CONNECT = "linkedin_connect", "LinkedIn: connect"
    LINKEDIN_MESSAGE = "linkedin_message", "LinkedIn: message"
    LINKEDIN_SCRAPE_PROFILE = "linkedin_scrape_profile", "LinkedIn: read profile"
    LINKEDIN_COMPANY_SEARCH = "linkedin_company_search", "LinkedIn: search company"
    LINKEDIN_EMPLOYEE_LIST = "linkedin_employee_list", "LinkedIn: list employees"
    LINKEDIN_AUTOPOST = "linkedin_autopost", "LinkedIn: post"
    LINKEDIN_COMMENT_REPLY = "linkedin_comment_reply", "LinkedIn: reply to comment"
    EMAIL_SEND = "email_send", "E-mail: send"
    EMAIL_FOLLOWUP = "email_followup", "E-mail: follow up"
    WHATSAPP_SEND = "whatsapp_send", "WhatsApp: send"
    VOICE_AGENT_CALL = "voice_agent_call", "Voice agent: call"
    INSTAGRAM_FOLLOW = "instagram_follow", "Instagram: follow"
    INSTAGRAM_LIKE = "instagram_like", "Instagram: like"
    INSTAGRAM_DM = "instagram_dm", "Instagram: direct message"
    INSTAGRAM_AUTOPOST = "instagram_autopost", "Instagram: post"
    INSTAGRAM_COMMENT_REPLY = "instagram_comment_reply", "Instagram: reply to comment"
    INSTAGRAM_STORY_VIEW = "instagram_story_view", "Instagram: view story"


class CampaignStep(SoftDeletable, TenantModel):
    """One step of a campaign. ``order`` counts from 1; no two live steps of a campaign share it.

    ``config`` holds what the step's type needs; ``campaigns.design.step_types`` says what that is.
    """

    event_name = "campaigns.step"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="steps", db_index=False)
    type = models.CharField(max_length=50, choices=StepType)
    order = models.PositiveIntegerField(
        blank=True, validators=[MaxValueValidator(LAST_PLACE)], help_text="Empty: after the last one."
    )
    title = models.CharField(max_length=255)
    description = models.TextField(max_length=20_000, blank=True, default="", db_default="")
    config = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])

    class Meta:
        db_table = "campaign_steps"
        ordering = ["campaign", "order"]
        constraints = [
            # Live rows have no deletion_id; rows of one deletion had different places before it.
            # Checked when a statement ends, so that one statement may reorder them all.
            models.UniqueConstraint(
                fields=["tenant", "campaign", "order", "deletion_id"],
                nulls_distinct=False,
                deferrable=Deferrable.IMMEDIATE,
                name="campaign_steps_order_key",
                violation_error_message="Another step stands there: choose a free place or reorder the steps.",
            ),
            ReferencedKey(fields=["tenant", "campaign", "id"], name="campaign_steps_campaign_key"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="campaign_steps_newest")]

    def __str__(self) -> str:
        return f"{self.order}. {self.title}"
