"""Calls that came in, by what their carrier calls them."""

from django.db import models
from django.db.models import Q

from lad.db.fields import SharedForeignKey, TenantForeignKey
from lad.db.models import TenantModel


class InboundCall(TenantModel):
    """What a carrier calls one inbound call, so that each of its callbacks finds the same row in the log.

    ``ended_at`` is empty while it takes up room.
    """

    event_name = "voice.inbound_call"

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="inbound", db_index=False, verbose_name="call"
    )
    number = TenantForeignKey("voice.VoiceNumber", on_delete=models.CASCADE, related_name="+", db_index=False)
    carrier_account = SharedForeignKey(
        "voice.CarrierAccount", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reference = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True, blank=True)

    audited = False
    announced = False

    class Meta:
        db_table = "voice_inbound_calls"
        verbose_name = "inbound call"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "carrier_account", "reference"],
                name="voice_inbound_calls_reference_key",
                violation_error_message="This call is in the log already.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_inbound_calls_call_key",
                violation_error_message="This call is in the log already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_inbound_calls_newest"),
            models.Index(
                fields=["tenant", "number"], condition=Q(ended_at__isnull=True), name="voice_inbound_calls_open"
            ),
            models.Index(
                fields=["carrier_account"], condition=Q(ended_at__isnull=True), name="voice_inbound_calls_account"
            ),
        ]

    def __str__(self) -> str:
        return self.reference
