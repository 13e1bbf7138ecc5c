"""Tables of call analyses."""

from django.db import models

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.jobs.leases import Leased
from lad.limits import PROVIDER_DATA
from voice.constraints import not_negative
from voice.json_schemas import EVIDENCE, TEXTS


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


class CallOutcome(models.TextChoices):
    """What came of a call. The disposition, the next step, follows from it."""

    MEETING_BOOKED = "meeting_booked", "Meeting booked"
    INTERESTED = "interested", "Interested"
    INFORMATION = "information_requested", "Asked for information"
    CALLBACK = "callback_requested", "Asked to be called again"
    UNDECIDED = "undecided", "Undecided"
    NOT_INTERESTED = "not_interested", "Not interested"
    DO_NOT_CALL = "do_not_call", "Do not call again"
    WRONG_PERSON = "wrong_person", "Wrong person"
    GATEKEEPER = "gatekeeper", "Lead not reached"
    CUSTOMER = "already_customer", "Customer already"
    VOICEMAIL = "voicemail", "Voicemail"
    IVR = "ivr", "Automatic menu"
    NO_CONVERSATION = "no_conversation", "No conversation"


class AnsweredBy(models.TextChoices):
    """Who or what answered, in the five classes of LiveKit's detection."""

    HUMAN = "human", "Person"
    MACHINE_IVR = "machine-ivr", "Automatic menu"
    MACHINE_VM = "machine-vm", "Voicemail"
    MACHINE_UNAVAILABLE = "machine-unavailable", "Announcement of the network"
    UNCERTAIN = "uncertain", "Uncertain"


class SkippedReason(models.TextChoices):
    """Why a call was not analysed, or not wholly."""

    NO_TRANSCRIPT = "no_transcript", "There is no transcript."
    TOO_SHORT = "too_short", "Too little was said."
    NO_CONSENT = "no_consent", "The person did not allow it."


class CallAnalysis(TenantModel):
    """The newest analysis of one call's transcript. What an earlier one said is a version of it.

    ``do_not_call`` is what the person asked for, whatever the outcome and the disposition say. ``evidence`` has for
    each value the turn and words it was read from, and how sure that is. ``reason`` says why no model answered.
    """

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
    outcome = models.CharField(max_length=30, choices=CallOutcome, null=True, blank=True)  # noqa: DJ001
    answered_by = models.CharField(max_length=30, choices=AnsweredBy, null=True, blank=True)  # noqa: DJ001
    do_not_call = models.BooleanField(
        "asked not to be called", default=False, db_default=False, help_text="The person asked for no further calls."
    )
    follow_up_at = models.DateTimeField(
        "follow up", null=True, blank=True, help_text="The time that was agreed on for the next call or meeting."
    )
    follow_up_zone = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="The time zone of the person who was called."
    )
    objections = models.JSONField(default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TEXTS)])
    evidence = models.JSONField(default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(EVIDENCE)])
    skipped_reason = models.CharField(max_length=30, choices=SkippedReason, null=True, blank=True)  # noqa: DJ001
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    analyser_version = models.CharField(max_length=20, blank=True, default="", db_default="")
    prompt_version = models.CharField(max_length=120, blank=True, default="", db_default="")
    model = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="Empty without a model.")
    reason = models.TextField("why no model answered", blank=True, default="", db_default="")

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


class CallAnalysisVersion(TenantModel):
    """What an analysis said before the call was analysed again. ``content`` has its fields by name.

    Nobody changes a version. It goes with its analysis.
    """

    event_name = "voice.call_analysis_version"

    updated_at = None
    analysis = TenantForeignKey(CallAnalysis, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    analyser_version = models.CharField(max_length=20, blank=True, default="", db_default="")
    prompt_version = models.CharField(max_length=120, blank=True, default="", db_default="")
    model = models.CharField(max_length=200, blank=True, default="", db_default="")
    content = models.JSONField(validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)])
    replaced_by_user = TenantUserKey(
        null=True, blank=True, db_index=False, help_text="The user who had the call analysed again."
    )

    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "DELETE")

    class Meta:
        db_table = "voice_call_analysis_versions"
        verbose_name = "earlier analysis of a call"
        verbose_name_plural = "earlier analyses of calls"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "analysis", "number"],
                name="voice_call_analysis_versions_number_key",
                violation_error_message="This version is kept already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="voice_analysis_versions_newest")]

    def __str__(self) -> str:
        return f"Version {self.number}"


class RequestState(models.TextChoices):
    """How far a requested analysis has come. It is deleted when it is done."""

    QUEUED = "queued", "Queued"
    WORKING = "working", "In progress"
    FAILED = "failed", "Failed"


class CallAnalysisRequest(Leased, TenantModel):
    """A call that is to be analysed in the background. One at a time for each call."""

    event_name = "voice.call_analysis_request"

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name="call"
    )
    requested_by_user = TenantUserKey(null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    state = models.CharField(
        max_length=20, choices=RequestState, default=RequestState.QUEUED, db_default=RequestState.QUEUED
    )

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "voice_call_analysis_requests"
        verbose_name = "requested analysis"
        verbose_name_plural = "requested analyses"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_analysis_requests_call_key",
                violation_error_message="This call waits for its analysis already.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_analysis_requests_newest"),
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="queued"), name="voice_call_analysis_due"
            ),
            models.Index(
                fields=["lease_until"], condition=models.Q(state="working"), name="voice_call_analysis_leased"
            ),
        ]

    def __str__(self) -> str:
        return f"Analysis of the call {self.call_log_id}"
