"""Credit lots: what came into a wallet together, expires together and is used up in a written order."""

from typing import Any, Final

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel

GRANTED_FIRST: Final = 20
PURCHASED_LATER: Final = 50

# What is used first: the lower priority, then what expires sooner, then what came earlier.
BURN_DOWN_ORDER: Final = ("priority", models.F("expires_at").asc(nulls_last=True), "created_at", "id")


class CreditLot(TenantModel):
    """Money that came into a wallet at once; ``remaining`` is what of it can still be spent.

    The lots of a wallet add up to what can be spent from it. They are used up by priority (the lower
    first), then by expiry, then by age, and never after they expired; credit that was set aside for a
    hold in time stays usable for that hold.
    """

    event_name = "billing.credit_lot"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="credit_lots", db_index=False)
    priority = models.PositiveSmallIntegerField(
        default=PURCHASED_LATER, db_default=PURCHASED_LATER, help_text="0 to 100; the lower is used first."
    )
    amount = amounts.money(help_text="What came in.")
    remaining = amounts.money(help_text="What of it can still be spent.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    is_open: Any = models.GeneratedField(
        # django-stubs knows conditions as filters only.
        expression=Q(remaining__gt=0),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    audited = False
    announced = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_credit_lots"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")),
                name="billing_credit_lots_remaining",
                violation_error_message="A lot holds between nothing and what came in.",
            ),
            models.CheckConstraint(
                condition=Q(priority__lte=100),
                name="billing_credit_lots_priority",
                violation_error_message="Choose a priority between 0 and 100.",
            ),
            # Postings rewrite the row; no index has ``remaining``, so they need not touch any.
            TableStorage(name="billing_credit_lots_storage", parameters={"fillfactor": "50"}),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_lots_newest"),
            models.Index(fields=["tenant", "wallet", "-created_at"], name="billing_lots_wallet"),
            models.Index(
                fields=["tenant", "wallet", "priority", "expires_at", "created_at"],
                condition=Q(is_open=True),
                name="billing_lots_open",
            ),
            # The platform expires lots of all tenants.
            models.Index(
                fields=["expires_at"], condition=Q(is_open=True, expires_at__isnull=False), name="billing_lots_expiring"
            ),
        ]

    def __str__(self) -> str:
        return f"Lot of {amounts.plain(self.amount)}"
