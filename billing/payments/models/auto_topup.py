"""Rules by which a wallet fills itself up from a card."""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing import money as amounts
from lad.db.fields import SharedForeignKey, TenantForeignKey
from lad.db.models import TenantModel

MOST_PER_DAY: Final = 3
MINUTES_BETWEEN: Final = 10
MOST_EVER_PER_DAY: Final = 24
LONGEST_MINUTES_BETWEEN: Final = 1440


class AutoTopup(TenantModel):
    """Below which balance a wallet is topped up from the kept card, with what, and how often at most.

    Either a package is bought or ``amount`` is paid in, one for one. The card is kept by the payment
    provider: here are only its names for the customer and the card.
    """

    event_name = "billing.auto_topup"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="auto_topups", db_index=False)
    is_enabled = models.BooleanField(default=False, db_default=False)
    threshold = amounts.money(
        default=0, db_default=0, help_text="Below this available balance the wallet is topped up."
    )
    package = SharedForeignKey(
        "billing.CreditPackage", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    amount = amounts.money(null=True, blank=True, help_text="What the wallet gets, when no package is bought.")
    most_per_day = models.PositiveSmallIntegerField(
        default=MOST_PER_DAY,
        db_default=MOST_PER_DAY,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_EVER_PER_DAY)],
        help_text="At most so many within 24 hours.",
    )
    minutes_between = models.PositiveSmallIntegerField(
        default=MINUTES_BETWEEN,
        db_default=MINUTES_BETWEEN,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MINUTES_BETWEEN)],
        help_text="The least time from one to the next.",
    )
    paused_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Set when the card was declined."
    )
    customer_id = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    payment_method_id = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)

    class Meta:
        db_table = "billing_auto_topups"
        verbose_name = "automatic top-up"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "wallet"],
                name="billing_auto_topups_wallet_key",
                violation_error_message="The wallet has a rule already: change that one.",
            ),
            models.CheckConstraint(
                condition=Q(is_enabled=False) | (~Q(customer_id="") & ~Q(payment_method_id="")),
                name="billing_auto_topups_card",
                violation_error_message="Buy credits once and have the card kept before switching this on.",
            ),
            models.CheckConstraint(
                condition=Q(is_enabled=False)
                | Q(package__isnull=False, amount__isnull=True)
                | Q(package__isnull=True, amount__isnull=False),
                name="billing_auto_topups_what",
                violation_error_message="Choose a package or an amount, not both.",
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0) & (Q(amount__isnull=True) | Q(amount__gt=0)),
                name="billing_auto_topups_positive",
                violation_error_message="The threshold cannot be negative, and the amount must be more than nothing.",
            ),
            models.CheckConstraint(
                condition=Q(most_per_day__gte=1, most_per_day__lte=MOST_EVER_PER_DAY)
                & Q(minutes_between__gte=1, minutes_between__lte=LONGEST_MINUTES_BETWEEN),
                name="billing_auto_topups_limits",
                violation_error_message="At most 24 times a day, and at least a minute apart.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_auto_topups_newest"),
            # The platform looks over the rules of all tenants.
            models.Index(fields=["wallet"], condition=Q(is_enabled=True), name="billing_auto_topups_enabled"),
        ]

    def __str__(self) -> str:
        return f"{self.wallet}: below {amounts.plain(self.threshold)}"
