"""Credit lots: credit that came into a wallet together and expires together."""

from typing import Any, Final

from django.db import models
from django.db.models import F, Q

from billing import money
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel

GRANTED_FIRST: Final = 20
PURCHASED_LATER: Final = 50

# Lower priority first, then earlier expiry, then age.
BURN_DOWN_ORDER: Final = ("priority", models.F("expires_at").asc(nulls_last=True), "created_at", "id")


class CreditLot(TenantModel):
    """Credit that came into a wallet at once. ``remaining`` is the part that can still be spent.

    The lots of a wallet add up to its available balance. They are used by priority (lower first), then
    by expiry, then by age, and never after they expired. Credit that was reserved for a hold in time
    stays usable for that hold.
    """

    event_name = "billing.credit_lot"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="credit_lots", db_index=False)
    priority = models.PositiveSmallIntegerField(
        default=PURCHASED_LATER, db_default=PURCHASED_LATER, help_text="0 to 100. Lower priorities are used first."
    )
    amount = money.amount_field(help_text="The amount that came in.")
    remaining = money.amount_field(help_text="The amount that can still be spent.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty if the credit does not expire.")
    is_open: Any = models.GeneratedField(
        # django-stubs types Q as a filter condition only.
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
                violation_error_message="The remaining credit must be between 0 and the amount that came in.",
            ),
            models.CheckConstraint(
                condition=Q(priority__lte=100),
                name="billing_credit_lots_priority",
                violation_error_message="Choose a priority between 0 and 100.",
            ),
            # Postings update ``remaining``, which no index covers, so that the updates stay on the page.
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
            # Maintenance looks for expired lots across all tenants.
            models.Index(
                fields=["expires_at"], condition=Q(is_open=True, expires_at__isnull=False), name="billing_lots_expiring"
            ),
        ]

    def __str__(self) -> str:
        return f"Lot of {money.plain(self.amount)}"
