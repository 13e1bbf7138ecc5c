"""Calls that came in, by what their carrier calls them."""

from django.db import models

from lad.db.fields import SharedForeignKey, TenantForeignKey
from lad.db.models import TenantModel


class InboundCall(TenantModel):
    """What a carrier calls one inbound call, so that each of its callbacks finds the same row in the log."""

    event_name = "voice.inbound_call"

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="inbound", db_index=False, verbose_name="call"
    )
    carrier_account = SharedForeignKey(
        "voice.CarrierAccount", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reference = models.CharField(max_length=200)

    updated_at = None
    audited = False
    announced = False
    tenant_key = False

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
            # A carrier names its call before it is known whose it is.
            models.Index(fields=["carrier_account", "reference"], name="voice_inbound_calls_reference"),
        ]

    def __str__(self) -> str:
        return self.reference
