"""Mail that must leave the house exactly once."""

from django.db import models
from django.db.models import Q

from lad.db.fields import LowercaseEmailField
from lad.db.models import GlobalModel


class MailKind(models.TextChoices):
    INVITATION = "invitation", "Invitation"
    EMAIL_VERIFICATION = "email-verification", "E-mail verification"
    PASSWORD_RESET = "password-reset", "Password reset"
    INVOICE = "invoice", "Invoice"
    LOW_BALANCE = "low-balance", "Low balance"
    TOPUP_DECLINED = "topup-declined", "Automatic top-up declined"


class MailState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    CANCELLED = "cancelled", "Cancelled"


class MailDelivery(GlobalModel):
    """One mail: who gets it and what it is about. Its text and its secret link are made when it is sent.

    ``attempts`` is counted when a sender takes it and fences what that sender writes back.
    ``unknown`` means the sender vanished in the middle: a person decides whether to send it again.
    """

    event_name = "tenants.mail_delivery"

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=30, choices=MailKind)
    to_address = LowercaseEmailField(max_length=255)
    subject_id = models.UUIDField(help_text="The row the mail is about: an invitation, a user or an invoice.")
    idempotency_key = models.CharField(max_length=100, help_text="Also the mail's Message-ID.")
    state = models.CharField(max_length=20, choices=MailState, default=MailState.QUEUED, db_default=MailState.QUEUED)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="", db_default="")

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
