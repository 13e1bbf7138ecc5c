"""The ledger: every movement of a wallet, written once."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from lad.db.constraints import TableStorage, Trigger
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import AppendOnly, TenantModel


class TransactionType(models.TextChoices):
    TOPUP = "topup", "Top-up"
    DEBIT = "debit", "Debit"
    CREDIT = "credit", "Credit"
    ADJUSTMENT = "adjustment", "Adjustment"
    RESERVATION = "reservation", "Reservation"
    RELEASE = "release", "Release"


INCOMING = (TransactionType.TOPUP, TransactionType.CREDIT, TransactionType.RELEASE)
# Of a hold: they move what can be spent, not what the wallet holds.
HOLDING = (TransactionType.RESERVATION, TransactionType.RELEASE)


class LedgerTransaction(AppendOnly, TenantModel):
    """One movement of a wallet; ``balance_before`` and ``balance_after`` are what could be spent around it.

    A reservation takes from what can be spent and a release gives it back; the other types move the
    wallet's balance too. A mistake is corrected by another row. ``entry_hash`` is the SHA-256 of the
    hash before it and of everything the row says, so that no row can be changed, left out or put in
    between unnoticed.
    """

    event_name = "billing.ledger_transaction"

    wallet = TenantForeignKey(
        "billing.Wallet", on_delete=models.PROTECT, related_name="ledger_transactions", db_index=False
    )
    transaction_type = models.CharField(max_length=20, choices=TransactionType)
    amount = amounts.money(help_text="Positive adds to the wallet, negative takes from it.")
    balance_before = amounts.money()
    balance_after = amounts.money()
    reference_type = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="What caused it: usage_event, invoice, manual, stripe_payment or another kind of thing.",
    )
    reference_id = models.UUIDField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255)
    created_by = TenantUserKey(on_delete=models.PROTECT, null=True, blank=True, db_column="created_by", db_index=False)
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={})
    wallet_version = models.BigIntegerField(help_text="Its place in the wallet's ledger: 1, 2, 3 without a gap.")
    reserved_after = amounts.money(default=0, db_default=0, help_text="What the wallet's holds set aside after it.")
    lot_movements = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="What each credit lot gained or lost, by the lot's id."
    )
    terms = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="What was asked besides, such as when the credit expires."
    )
    hold = TenantForeignKey(
        "billing.Hold",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_transactions",
        db_index=False,
    )
    reverses = TenantForeignKey(
        "billing.LedgerTransaction",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reversals",
        db_index=False,
        help_text="The movement this one takes back.",
    )
    entry_hash = models.BinaryField(max_length=32, editable=False)

    announced = False
    tenant_key = True

    class Meta:
        db_table = "billing_ledger_transactions"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"],
                name="billing_ledger_transactions_idempotency_key",
                violation_error_message="This movement is in the ledger already.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "wallet", "wallet_version"],
                name="billing_ledger_transactions_version_key",
                violation_error_message="This place in the wallet's ledger is taken.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                condition=Q(reverses__isnull=False),
                name="billing_ledger_transactions_reversed_once",
                violation_error_message="This movement was reversed already.",
            ),
            models.CheckConstraint(
                condition=Q(balance_after=F("balance_before") + F("amount")),
                name="billing_ledger_transactions_sum",
                violation_error_message="The balance after must be the balance before plus the amount.",
            ),
            models.CheckConstraint(
                condition=Q(balance_before__gte=0, balance_after__gte=0, reserved_after__gte=0),
                name="billing_ledger_transactions_not_overdrawn",
                violation_error_message="The wallet does not hold that much.",
            ),
            # A debit of nothing records the charge of work that is free.
            models.CheckConstraint(
                condition=Q(transaction_type__in=INCOMING, amount__gt=0)
                | Q(transaction_type=TransactionType.DEBIT, amount__lte=0)
                | Q(transaction_type=TransactionType.RESERVATION, amount__lt=0)
                | (Q(transaction_type=TransactionType.ADJUSTMENT) & (~Q(amount=0) | Q(reverses__isnull=False))),
                name="billing_ledger_transactions_sign",
                violation_error_message="Top-ups, credits and releases add; debits and reservations take.",
            ),
            models.CheckConstraint(
                condition=~Q(idempotency_key=""),
                name="billing_ledger_transactions_keyed",
                violation_error_message="Give the key under which this movement happens once only.",
            ),
            models.CheckConstraint(
                condition=~Q(transaction_type__in=HOLDING) | Q(hold__isnull=False),
                name="billing_ledger_transactions_of_a_hold",
                violation_error_message="Reservations and releases belong to a hold.",
            ),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | Q(transaction_type=TransactionType.ADJUSTMENT),
                name="billing_ledger_transactions_reversal",
                violation_error_message="A reversal is an adjustment.",
            ),
            # Young tables grow fast, and postings are planned by what is known of them.
            TableStorage(
                name="billing_ledger_transactions_storage", parameters={"autovacuum_analyze_scale_factor": "0.02"}
            ),
            Trigger(
                name="billing_ledger_transactions_chain",
                function="billing_check_chain",
                when="AFTER",
                event="INSERT",
                level="STATEMENT",
                transition="NEW TABLE AS new_rows",
                violation_error_message="A movement follows the one before it in the wallet's ledger.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_ledger_newest"),
            models.Index(
                fields=["tenant", "reference_id"],
                condition=Q(reference_id__isnull=False),
                name="billing_ledger_reference",
            ),
            models.Index(fields=["tenant", "hold"], condition=Q(hold__isnull=False), name="billing_ledger_hold"),
            # Most rows are debits and holds, which the newest-first index finds at once.
            models.Index(
                fields=["tenant", "transaction_type", "-created_at"],
                condition=Q(transaction_type__in=["topup", "credit", "adjustment"]),
                name="billing_ledger_rare_types",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_transaction_type_display()} {Decimal(self.amount).normalize():+f}"
