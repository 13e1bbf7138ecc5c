"""The steps of a campaign."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Deferrable

from lad.db.constraints import ReferencedKey
from lad.db.fields import TenantForeignKey
from lad.db.models import SoftDeletable, TenantModel
from lad.db.shapes import OBJECT, Shape

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

    ``config`` holds what the step's type needs; ``campaigns.vocabulary`` says what that is.
    """

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
