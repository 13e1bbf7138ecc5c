"""Holds: money set aside for work whose cost is not known yet."""

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from billing.constraints import status_steps
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel


class HoldStatus(models.TextChoices):
    HELD = "held", "Held"
    CAPTURED = "captured", "Captured"
    RELEASED = "released", "Released"
    EXPIRED = "expired", "Expired"


class Hold(TenantModel):
    """Money of a wallet set aside until a moment; resolved exactly once.

    A capture takes up to ``amount`` and gives the rest back; a release, or expiry, gives back all.
    """

    event_name = "billing.hold"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="holds", db_index=False)
    amount = amounts.money(help_text="What is, or was, set aside.")
    captured_amount = amounts.money(null=True, blank=True, help_text="What of it was taken.")
    status = models.CharField(max_length=20, choices=HoldStatus, default=HoldStatus.HELD, db_default=HoldStatus.HELD)
    expires_at = models.DateTimeField(help_text="From then on it cannot be captured and is given back.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    reference_type = models.CharField(max_length=50, blank=True, default="", db_default="")
    reference_id = models.UUIDField(null=True, blank=True)
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")

    audited = False
    announced = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_holds"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="billing_holds_amount",
                violation_error_message="A hold sets something aside.",
            ),
            models.CheckConstraint(
                condition=Q(status=HoldStatus.HELD, resolved_at__isnull=True)
                | (~Q(status=HoldStatus.HELD) & Q(resolved_at__isnull=False)),
                name="billing_holds_resolved_at",
                violation_error_message="A resolved hold says when it was resolved; an open one does not.",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=HoldStatus.CAPTURED,
                    captured_amount__isnull=False,
                    captured_amount__gte=0,
                    captured_amount__lte=F("amount"),
                )
                | (~Q(status=HoldStatus.CAPTURED) & Q(captured_amount__isnull=True)),
                name="billing_holds_captured_amount",
                violation_error_message="A capture takes at most what is held.",
            ),
            status_steps(
                name="billing_holds_steps",
                steps={"held": ("captured", "released", "expired")},
                open_states=("held",),
                free_columns=(),
                violation_error_message="A hold is resolved once and stays as it is.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_holds_newest"),
            models.Index(fields=["tenant", "wallet", "-created_at"], name="billing_holds_wallet"),
            models.Index(fields=["tenant", "wallet"], condition=Q(status=HoldStatus.HELD), name="billing_holds_open"),
            models.Index(fields=["tenant", "status", "-created_at"], name="billing_holds_status"),
            models.Index(
                fields=["tenant", "reference_id"],
                condition=Q(reference_id__isnull=False),
                name="billing_holds_reference",
            ),
            # The platform expires holds of all tenants.
            models.Index(fields=["expires_at"], condition=Q(status=HoldStatus.HELD), name="billing_holds_due"),
        ]

    def __str__(self) -> str:
        return f"Hold of {amounts.plain(self.amount)}"
