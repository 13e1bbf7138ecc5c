"""Systems of a tenant that steps of campaigns call, and the calls."""

from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q

from lad.db.constraints import TableStorage
from lad.db.fields import EncryptedTextField, TenantForeignKey
from lad.db.models import SoftDeletable, TenantModel
from lad.jobs.leases import Leased

NOT_HTTPS: Final = "Enter an address that begins with https://."
NO_CREDENTIALS: Final = "Leave user name and password out of the address. Calls are signed with the secret."


def https_address(text: str) -> None:
    """Raise ValidationError unless the text is an address that calls can go to."""
    try:
        URLValidator(schemes=["https"])(text)
        parts = urlsplit(text)
        _port = parts.port
    except (ValidationError, ValueError) as error:
        raise ValidationError(NOT_HTTPS) from error
    if parts.username is not None or parts.password is not None:
        raise ValidationError(NO_CREDENTIALS)


class WebhookEndpoint(SoftDeletable, TenantModel):
    """An address that steps of campaigns send the data of leads to. Calls are signed with its secret."""

    event_name = "campaigns.webhook_endpoint"

    name = models.CharField(max_length=100)
    url = models.CharField(
        "address", max_length=2_000, validators=[https_address], help_text="An https address of your system."
    )
    secret = EncryptedTextField(editable=False)
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Steps that call an inactive webhook fail and go on."
    )

    class Meta:
        db_table = "webhook_endpoints"
        verbose_name = "webhook"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=Q(deleted_at__isnull=True),
                name="webhook_endpoints_name",
                violation_error_message="Another webhook has this name. Choose another one.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="webhook_endpoints_newest")]

    def __str__(self) -> str:
        return self.name


class CallState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class WebhookCall(Leased, TenantModel):
    """One call of a step for one lead. The body is made when it is sent, from the lead as it is then.

    ``attempts`` counts the claims and is the fencing token; ``tries`` counts what was sent. ``activity_id`` is that of
    the step's activity, and the key by which the receiver knows a repetition.
    """

    event_name = "campaigns.webhook_call"

    endpoint = TenantForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="calls", db_index=False)
    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False)
    campaign_lead = TenantForeignKey(
        "campaigns.CampaignLead", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    step = TenantForeignKey(
        "campaigns.CampaignStep", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    activity_id = models.UUIDField(editable=False)
    state = models.CharField(max_length=20, choices=CallState, default=CallState.QUEUED, db_default=CallState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The last answer's.")
    finished_at = models.DateTimeField(null=True, blank=True)

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "webhook_calls"
        constraints = [
            TableStorage(name="webhook_calls_storage", parameters={"fillfactor": "80"}),
            models.UniqueConstraint(fields=["tenant", "activity_id"], name="webhook_calls_activity"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="webhook_calls_newest"),
            models.Index(fields=["tenant", "endpoint", "-created_at"], name="webhook_calls_endpoint"),
            models.Index(fields=["tenant", "campaign_lead", "-created_at"], name="webhook_calls_enrolment"),
            # Claims go from tenant to tenant through these two.
            models.Index(fields=["tenant", "next_attempt_at"], condition=Q(state="queued"), name="webhook_calls_due"),
            models.Index(fields=["tenant", "lease_until"], condition=Q(state="sending"), name="webhook_calls_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}, {self.tries} tries"
