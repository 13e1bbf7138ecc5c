"""The ledger: every transaction of a wallet, append-only."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing import money
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
# Transactions of holds: they change the available balance, not the current balance.
HOLDING = (TransactionType.RESERVATION, TransactionType.RELEASE)


class LedgerTransaction(AppendOnly, TenantModel):
    """One transaction of a wallet. ``balance_before`` and ``balance_after`` are available balances.

    Reservations and releases change only the available balance; the other types change the current
    balance too. A mistake is corrected by a further transaction. ``entry_hash`` is the SHA-256 of the
    previous hash and all columns of the row, so that a changed, missing or inserted row is detected.
    """

    event_name = "billing.ledger_transaction"

    wallet = TenantForeignKey(
        "billing.Wallet", on_delete=models.PROTECT, related_name="ledger_transactions", db_index=False
    )
    transaction_type = models.CharField(max_length=20, choices=TransactionType)
    amount = money.amount_field(help_text="Positive adds to the wallet, negative takes from it.")
    balance_before = money.amount_field()
    balance_after = money.amount_field()
    reference_type = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="The kind of the cause: usage_event, invoice, manual, stripe_payment or another.",
    )
    reference_id = models.UUIDField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255)
    created_by = TenantUserKey(on_delete=models.PROTECT, null=True, blank=True, db_column="created_by", db_index=False)
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={})
    wallet_version = models.BigIntegerField(help_text="Its number in the wallet's ledger, counted from 1.")
    reserved_after = money.amount_field(default=0, db_default=0, help_text="What the wallet's holds reserve after it.")
    lot_movements = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="The change of each credit lot, by the lot's id."
    )
    terms = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="Further terms of the request, such as when the credit expires.",
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
        help_text="The transaction that this one reverses.",
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
                violation_error_message="This transaction is already in the ledger.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "wallet", "wallet_version"],
                name="billing_ledger_transactions_version_key",
                violation_error_message="This number in the wallet's ledger is already taken.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                condition=Q(reverses__isnull=False),
                name="billing_ledger_transactions_reversed_once",
                violation_error_message="This transaction was already reversed.",
            ),
            models.CheckConstraint(
                condition=Q(balance_after=F("balance_before") + F("amount")),
                name="billing_ledger_transactions_sum",
                violation_error_message="The balance after must be the balance before plus the amount.",
            ),
            models.CheckConstraint(
                condition=Q(balance_before__gte=0, balance_after__gte=0, reserved_after__gte=0),
                name="billing_ledger_transactions_not_overdrawn",
                violation_error_message="The balance of a wallet cannot be negative.",
            ),
            # A debit of 0 records a charge for free work.
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
                violation_error_message="A transaction needs an idempotency key.",
            ),
            models.CheckConstraint(
                condition=~Q(transaction_type__in=HOLDING) | Q(hold__isnull=False),
                name="billing_ledger_transactions_of_a_hold",
                violation_error_message="A reservation or release needs a hold.",
            ),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | Q(transaction_type=TransactionType.ADJUSTMENT),
                name="billing_ledger_transactions_reversal",
                violation_error_message="A reversal must be an adjustment.",
            ),
            # A new table grows fast, and outdated statistics give postings a bad plan.
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
                violation_error_message="A transaction must follow the previous one in the wallet's ledger.",
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
            # Most rows are debits and holds; the newest-first index serves those.
            models.Index(
                fields=["tenant", "transaction_type", "-created_at"],
                condition=Q(transaction_type__in=["topup", "credit", "adjustment"]),
                name="billing_ledger_rare_types",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_transaction_type_display()} {Decimal(self.amount).normalize():+f}"
