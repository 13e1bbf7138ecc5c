"""Mails waiting to be sent, and what became of each."""

from django.db import models
from django.db.models import Q

from lad.db.fields import LowercaseEmailField, RegisteredKeyField
from lad.db.models import GlobalModel
from lad.jobs.leases import Leased
from lad.mail.kinds import mail_kinds


class MailState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    CANCELLED = "cancelled", "Cancelled"


class MailDelivery(Leased, GlobalModel):
    """A mail: its recipient and its subject. Text and secret links are made when it is sent.

    A sender counts ``attempts`` when it claims the mail; a result is recorded only if the count is still
    the same. ``unknown`` means that the sender died while it was sending: a person decides whether to send
    the mail again.
    """

    event_name = "tenants.mail_delivery"

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    kind = RegisteredKeyField(max_length=30, registry=mail_kinds)
    to_address = LowercaseEmailField(max_length=255)
    subject_id = models.UUIDField(help_text="The record the mail is about, for example an invitation.")
    idempotency_key = models.CharField(max_length=100, help_text="Identifies the mail; also its Message-ID.")
    state = models.CharField(max_length=20, choices=MailState, default=MailState.QUEUED, db_default=MailState.QUEUED)
    sent_at = models.DateTimeField(null=True, blank=True)

    announced = False

    class Meta:
        db_table = "mail_deliveries"
        verbose_name_plural = "mail deliveries"
        constraints = [models.UniqueConstraint(fields=["idempotency_key"], name="mail_deliveries_idempotency_key")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="mail_deliveries_queued"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="mail_deliveries_leased"),
            models.Index(fields=["subject_id", "kind"], name="mail_deliveries_subject"),
            models.Index(fields=["tenant", "-created_at"], name="mail_deliveries_tenant"),
            models.Index(fields=["state", "-created_at"], name="mail_deliveries_state"),
            models.Index(fields=["-created_at"], name="mail_deliveries_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.to_address}"
