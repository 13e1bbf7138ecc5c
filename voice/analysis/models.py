"""Tables of call analyses."""

from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.limits import PROVIDER_DATA
from voice.constraints import not_negative
from voice.json_schemas import TEXTS


class Sentiment(models.TextChoices):
    """How the person took the call."""

    VERY_INTERESTED = "very_interested", "Very interested"
    POSITIVE = "positive", "Positive"
    NEUTRAL = "neutral", "Neutral"
    NEGATIVE = "negative", "Negative"


class LeadCategory(models.TextChoices):
    """How close the person is to buying."""

    HOT = "Hot Lead", "Hot lead"
    WARM = "Warm Lead", "Warm lead"
    COLD = "Cold Lead", "Cold lead"


class Disposition(models.TextChoices):
    """The next step with the person."""

    PROCEED = "PROCEED IMMEDIATELY", "Proceed immediately"
    FOLLOW_UP_3 = "FOLLOW UP IN 3 DAYS", "Follow up in 3 days"
    FOLLOW_UP_7 = "FOLLOW UP IN 7 DAYS", "Follow up in 7 days"
    NURTURE = "NURTURE (7 DAYS)", "Nurture, 7 days"
    DROP = "DON'T PURSUE", "Don't pursue"


class Engagement(models.TextChoices):
    """How actively the person took part in the call."""

    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class CallAnalysis(TenantModel):
    """The analysis of one call's transcript. A new analysis of the call replaces the content of this row."""

    event_name = "voice.call_analysis"

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="analysis", db_index=False, verbose_name="call"
    )
    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="call_analyses", db_index=False
    )
    summary = models.TextField(blank=True, default="", db_default="")
    sentiment = models.CharField(max_length=20, choices=Sentiment, null=True, blank=True)  # noqa: DJ001
    lead_category = models.CharField(max_length=50, choices=LeadCategory, null=True, blank=True)  # noqa: DJ001
    disposition = models.CharField(max_length=50, choices=Disposition, null=True, blank=True)  # noqa: DJ001
    recommended_action = models.TextField(blank=True, default="", db_default="")
    engagement_level = models.CharField(max_length=20, choices=Engagement, null=True, blank=True)  # noqa: DJ001
    key_points = models.JSONField(default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TEXTS)])
    prospect_questions = models.JSONField(
        default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TEXTS)]
    )
    prospect_concerns = models.JSONField(
        default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TEXTS)]
    )
    stages_reached = models.JSONField(default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TEXTS)])
    lead_extraction = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)]
    )
    raw_analysis = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)]
    )
    cost = models.DecimalField(max_digits=18, decimal_places=6, default=0, db_default=0)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    # voice.call.analysed replaces the generic change event.
    announced = False

    class Meta:
        db_table = "voice_call_analysis"
        verbose_name_plural = "call analyses"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_analysis_call_key",
                violation_error_message="This call already has an analysis.",
            ),
            not_negative("voice_call_analysis", "cost"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_call_analysis_newest"),
            models.Index(fields=["tenant", "sentiment", "-created_at"], name="voice_call_analysis_sentiment"),
            models.Index(fields=["tenant", "lead_category", "-created_at"], name="voice_call_analysis_category"),
            models.Index(
                fields=["tenant", "lead", "-created_at"],
                condition=models.Q(lead__isnull=False),
                name="voice_call_analysis_lead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_sentiment_display() or 'Analysis'} · {self.summary[:60] or self.call_log_id}"
