"""Leads enrolled in campaigns, and the activities for them."""

from typing import Final

from django.db import models
from django.db.models import F, Q

from campaigns.design.step_specs import step_types
from campaigns.figures.triggers import counted_by
from lad.db.constraints import KeyConstraint, ReferencedKey, TableStorage
from lad.db.fields import LowercaseEmailField, RegisteredKeyField, TenantForeignKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel
from lad.db.normalised import PhoneField, WebAddressTextField
from lad.limits import PROVIDER_DATA
from leads.channels import Channel


class EnrolmentStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    ACTIVE = "active", "Active"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    ERROR = "error", "Error"


class ActivityStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CLICKED = "clicked", "Clicked"
    CONNECTED = "connected", "Connected"
    REPLIED = "replied", "Replied"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"


class CampaignLead(SoftDeletable, TenantModel):
    """One lead enrolled in a campaign, with its contact details at that time and its progress."""

    event_name = "campaigns.lead"
    bookkeeping = ("next_step", "next_action_at", "step_entered_at", "reason", "reason_detail")
    # An enrolment moves through dozens of steps; its activities record them.
    audited_columns = ("status", "deleted_at", "email", "phone", "linkedin_url")

    campaign = TenantForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="enrolments", db_index=False
    )
    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="enrolments", db_index=False)
    first_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    last_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    email = LowercaseEmailField(any_script=True, max_length=255, blank=True, default="", db_default="")
    company_name = models.CharField(max_length=500, blank=True, default="", db_default="")
    title = models.CharField(max_length=255, blank=True, default="", db_default="")
    linkedin_url = WebAddressTextField(max_length=2000, blank=True, default="", db_default="")
    phone = PhoneField(blank=True, default="", db_default="")
    lead_data = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)]
    )
    status = models.CharField(
        max_length=50, choices=EnrolmentStatus, default=EnrolmentStatus.PENDING, db_default=EnrolmentStatus.PENDING
    )
    current_step_order = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Order of the step that was started last; 0 before the first.",
    )
    next_step = TenantForeignKey(
        "campaigns.CampaignStep",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        editable=False,
        help_text="The step that is done next. Empty before the first step and after the last.",
    )
    step_entered_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the next step became the next one."
    )
    next_action_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the engine next works on it. Empty while a message is on its way.",
    )
    reason = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Why the enrolment waits or has ended.",
    )
    reason_detail = models.CharField(
        max_length=500, blank=True, default="", db_default="", editable=False, help_text="What the reason is about."
    )
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "campaign_leads"
        verbose_name = "enrolment"
        constraints = [
            # Room on each page for new versions of its rows.
            TableStorage(name="campaign_leads_storage", parameters={"fillfactor": "85"}),
            models.UniqueConstraint(
                fields=["tenant", "campaign", "lead"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_leads_once",
                violation_error_message="The lead is already enrolled in this campaign.",
            ),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(started_at__isnull=False, completed_at__gte=F("started_at")),
                name="campaign_leads_completed_after_started",
                violation_error_message="An enrolment must be completed after it was started.",
            ),
            models.CheckConstraint(
                condition=~Q(status="completed") | Q(completed_at__isnull=False),
                name="campaign_leads_completed_when",
                violation_error_message="A completed enrolment needs the time of its completion.",
            ),
            ReferencedKey(fields=["tenant", "campaign", "id"], name="campaign_leads_campaign_key"),
            *counted_by("campaigns_count_enrolments", "campaign_leads"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaign_leads_newest"),
            models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_leads_by_campaign"),
            models.Index(
                fields=["tenant", "campaign", "status", "-created_at"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_leads_progress",
            ),
            # What waits and why is counted and listed from it, without reading the table.
            models.Index(
                fields=["tenant", "campaign", "status", "reason", "next_action_at"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_leads_reasons",
            ),
            models.Index(
                fields=["tenant", "status", "-created_at"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_leads_status",
            ),
            models.Index(fields=["tenant", "lead", "-created_at"], name="campaign_leads_by_lead"),
            models.Index(
                fields=["tenant", "campaign", "next_action_at"],
                condition=Q(next_action_at__isnull=False, deleted_at__isnull=True),
                name="campaign_leads_due",
            ),
            models.Index(
                fields=["tenant", "next_step"], condition=Q(next_step__isnull=False), name="campaign_leads_at_step"
            ),
            models.Index(fields=["tenant", "email"], condition=~Q(email=""), name="campaign_leads_email"),
            # Leads that have not begun, in the order they were enrolled.
            models.Index(
                fields=["tenant", "campaign", "id"],
                condition=Q(status="pending", next_action_at__isnull=True, deleted_at__isnull=True),
                name="campaign_leads_intake",
            ),
        ]

    def __str__(self) -> str:
        name = f"{self.first_name} {self.last_name}".strip() or self.email or self.phone or "Lead"
        return f"{name} · {self.company_name}" if self.company_name else name


class CampaignLeadActivity(TenantModel):
    """One action for an enrolled lead, done or pending.

    ``campaign`` repeats the enrolment's campaign, so that keys can require step and enrolment to be of the same
    one. ``executed_at`` is when the action was done; for a delay, when it ends.
    """

    event_name = "campaigns.lead_activity"

    campaign = TenantForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False, editable=False
    )
    campaign_lead = TenantForeignKey(
        "campaigns.CampaignLead", on_delete=models.CASCADE, related_name="activities", db_index=False
    )
    step = TenantForeignKey(
        "campaigns.CampaignStep",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="activities",
        db_index=False,
    )
    channel = models.CharField(max_length=50, choices=Channel, null=True, blank=True)  # noqa: DJ001  (a delay has none)
    step_type = RegisteredKeyField(max_length=50, registry=step_types)
    action_type = models.CharField(max_length=50, blank=True, help_text="Empty means the step's type.")
    status = models.CharField(max_length=50, choices=ActivityStatus)
    subject = models.CharField(max_length=500, blank=True, default="", db_default="")
    message_content = models.TextField(blank=True, default="", db_default="")
    error_message = models.TextField(blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    executed_at = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=50, blank=True, default="", db_default="")
    provider_event_id = models.CharField(max_length=255, blank=True, default="", db_default="")

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "campaign_lead_activities"
        verbose_name = "activity"
        verbose_name_plural = "activities"
        constraints = [
            KeyConstraint(
                name="campaign_lead_activities_lead_same_campaign",
                fields=("tenant", "campaign", "campaign_lead"),
                to="campaigns.CampaignLead",
                to_fields=("tenant", "campaign", "id"),
                on_delete="CASCADE",
            ),
            KeyConstraint(
                name="campaign_lead_activities_step_same_campaign",
                fields=("tenant", "campaign", "step"),
                to="campaigns.CampaignStep",
                to_fields=("tenant", "campaign", "id"),
                on_delete="SET NULL",
                violation_error_message="Choose a step of the enrolment's campaign.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "provider", "provider_event_id"],
                condition=~Q(provider_event_id=""),
                name="campaign_lead_activities_event_once",
                violation_error_message="This event of the provider is already recorded.",
            ),
            *counted_by("campaigns_count_activities", "campaign_lead_activities"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaign_activities_newest"),
            models.Index(fields=["tenant", "campaign_lead", "-created_at"], name="campaign_activities_timeline"),
            models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_activities_campaign"),
            # Includes what the progress tells apart, so that it reads the index only.
            models.Index(
                fields=["tenant", "campaign", "status", "-created_at"],
                include=["step_type"],
                name="campaign_activities_states",
            ),
            models.Index(fields=["tenant", "status", "-created_at"], name="campaign_activities_status"),
            models.Index(fields=["tenant", "step"], condition=Q(step__isnull=False), name="campaign_activities_step"),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_type_display()} · {self.get_status_display()}"


class DailyCount(TenantModel):
    """How many places of a campaign's daily limit are taken on one day of the tenant: of messages, or of new leads."""

    class Kind(models.TextChoices):
        MESSAGES = "messages", "Messages"
        INTAKE = "intake", "New leads"

    event_name = "campaigns.daily_count"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=20, choices=Kind)
    taken = models.PositiveIntegerField(default=0, db_default=0)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "campaign_daily_counts"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "campaign", "kind", "day"], name="campaign_daily_counts_key")
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="campaign_daily_counts_newest")]

    def __str__(self) -> str:
        return f"{self.day}: {self.taken} {self.get_kind_display().lower()}"


OPEN_ENROLMENTS: Final = (EnrolmentStatus.PENDING, EnrolmentStatus.ACTIVE)
NOT_YET_DONE: Final = (ActivityStatus.PENDING, ActivityStatus.QUEUED)
