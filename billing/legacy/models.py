"""The credits of before the wallets, kept as they were."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from billing import money as amounts
from lad.db.constraints import Trigger
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import AppendOnly, TenantModel


class CreditTransactionType(models.TextChoices):
    PURCHASE = "purchase", "Purchase"
    DEBIT = "debit", "Debit"
    DEDUCTION = "deduction", "Deduction"
    USAGE = "usage", "Usage"
    REFUND = "refund", "Refund"
    ADJUSTMENT = "adjustment", "Adjustment"


ADDING = (CreditTransactionType.PURCHASE, CreditTransactionType.REFUND)


TAKING = (CreditTransactionType.DEBIT, CreditTransactionType.DEDUCTION, CreditTransactionType.USAGE)


def kept_once_moved(table: str) -> Trigger:
    """Refuses every write of a tenant whose credits have moved into wallets for good."""
    return Trigger(
        name=f"{table}_moved",
        function="lad_refuse_moved_credits",
        when="BEFORE",
        event="INSERT OR UPDATE OR DELETE",
        violation_error_message="The tenant's credits have moved into wallets.",
    )


class UserCredit(TenantModel):
    """The legacy credits of one user; asked only where there is no wallet."""

    event_name = "billing.user_credit"

    user = TenantUserKey(on_delete=models.PROTECT, member=True, db_index=False)
    balance = amounts.legacy_credits(default=0, db_default=0, editable=False)
    monthly_usage = amounts.legacy_credits(default=0, db_default=0, editable=False)
    last_usage_reset = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    # Credits end with their last transaction, not with a deleted row.
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "user_credits"
        verbose_name = "legacy credits of a user"
        verbose_name_plural = "legacy credits"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="user_credits_user_key",
                violation_error_message="This user has legacy credits already.",
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0, monthly_usage__gte=0),
                name="user_credits_not_negative",
                violation_error_message="Neither balance nor usage can be negative.",
            ),
            kept_once_moved("user_credits"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="user_credits_newest")]

    def __str__(self) -> str:
        return f"{self.user}: {self.balance} credits"


class CreditTransaction(AppendOnly, TenantModel):
    """One movement of legacy credits; the oldest ones do not know the balances around them."""

    event_name = "billing.credit_transaction"

    user = TenantUserKey(on_delete=models.PROTECT, member=True, db_index=False)
    user_credit = TenantForeignKey(
        "billing.UserCredit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="transactions",
        db_index=False,
    )
    amount = amounts.legacy_credits(help_text="Positive adds credits, negative takes them.")
    transaction_type = models.CharField(max_length=50, choices=CreditTransactionType)
    reference_type = models.CharField(max_length=50, blank=True, default="", db_default="")
    reference_id = models.UUIDField(null=True, blank=True)
    balance_before = amounts.legacy_credits(null=True, blank=True)
    balance_after = amounts.legacy_credits(null=True, blank=True)
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    announced = False

    class Meta:
        db_table = "credit_transactions"
        verbose_name = "legacy credit transaction"
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_before__isnull=True, balance_after__isnull=True)
                | Q(
                    balance_before__isnull=False,
                    balance_after__isnull=False,
                    balance_before__gte=0,
                    balance_after__gte=0,
                    balance_after=F("balance_before") + F("amount"),
                ),
                name="credit_transactions_sum",
                violation_error_message="The balance after must be the balance before plus the amount.",
            ),
            models.CheckConstraint(
                condition=Q(transaction_type__in=ADDING, amount__gte=0)
                | Q(transaction_type__in=TAKING, amount__lte=0)
                | Q(transaction_type=CreditTransactionType.ADJUSTMENT),
                name="credit_transactions_sign",
                violation_error_message="Purchases and refunds add credits; debits, deductions and usage take them.",
            ),
            kept_once_moved("credit_transactions"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="credit_transactions_newest"),
            models.Index(fields=["tenant", "user_credit", "-created_at"], name="credit_transactions_credit"),
            models.Index(fields=["tenant", "user", "-created_at"], name="credit_transactions_user"),
        ]

    def __str__(self) -> str:
        return f"{self.get_transaction_type_display()} {self.amount:+f}"


class LegacyMove(TenantModel):
    """The last move of a tenant's legacy credits: when it ran, what it found, and whether they are read-only since.

    ``report`` has a line for each user: their legacy credits, what those are worth, what their wallet
    got and the difference, with the adjustments that were needed.
    """

    event_name = "billing.legacy_move"

    moved_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="From then on the old tables refuse every write.")
    report = models.JSONField(
        default=list, blank=True, db_default=[], help_text="A line for each user, as shown after the move."
    )

    announced = False
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_legacy_moves"
        verbose_name = "move of legacy credits"
        verbose_name_plural = "moves of legacy credits"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="billing_legacy_moves_tenant_key",
                violation_error_message="The tenant's move is recorded already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_legacy_moves_newest")]

    def __str__(self) -> str:
        return f"Legacy credits of {self.tenant}"
