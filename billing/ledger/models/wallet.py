"""Wallets: what a tenant, or one of its users, can still spend."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from lad.db.constraints import TableStorage, Trigger
from lad.db.fields import TenantUserKey
from lad.db.models import TenantModel


class WalletStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


class Wallet(TenantModel):
    """One balance: the tenant's own (no user) or that of one of its users.

    ``reserved_balance`` is held for work under way; what can be spent is the difference. Both are a fold
    of the wallet's ledger and change only together with a new row of it.
    """

    event_name = "billing.wallet"

    user = TenantUserKey(
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        member=True,
        db_index=False,
        help_text="Empty for the wallet of the tenant itself.",
    )
    current_balance = amounts.money(default=0, db_default=0, editable=False)
    reserved_balance = amounts.money(default=0, db_default=0, editable=False)
    currency = amounts.currency()
    status = models.CharField(
        max_length=20, choices=WalletStatus, default=WalletStatus.ACTIVE, db_default=WalletStatus.ACTIVE
    )
    low_balance_threshold = amounts.money(
        null=True, blank=True, help_text="Below this available balance the tenant is told; empty for never."
    )
    low_balance_notified_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)
    ledger_version = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="How many rows its ledger has."
    )
    ledger_hash = models.BinaryField(
        max_length=32, default=b"", db_default=b"", editable=False, help_text="The head of its ledger's hash chain."
    )

    # A wallet is closed, not deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")
    # Every posting rewrites the balances; the ledger tells of that.
    audited_columns = ("status", "low_balance_threshold", "currency", "user_id", "tenant_id", "metadata")

    class Meta:
        db_table = "billing_wallets"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="billing_wallets_user_key",
                violation_error_message="This user has a wallet already.",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(user__isnull=True),
                name="billing_wallets_tenant_key",
                violation_error_message="The tenant has a wallet of its own already.",
            ),
            models.CheckConstraint(
                condition=Q(reserved_balance__gte=0, current_balance__gte=F("reserved_balance")),
                name="billing_wallets_not_overdrawn",
                violation_error_message="The wallet does not hold that much.",
            ),
            models.CheckConstraint(
                condition=Q(low_balance_threshold__gte=0),
                name="billing_wallets_threshold_positive",
                violation_error_message="The threshold cannot be negative; leave it empty for no notice.",
            ),
            models.CheckConstraint(
                condition=Q(ledger_version__gt=0)
                | Q(ledger_version=0, current_balance=0, reserved_balance=0, ledger_hash=b""),
                name="billing_wallets_begins_empty",
                violation_error_message="A wallet begins empty: only its ledger fills it.",
            ),
            amounts.currency_check("billing_wallets"),
            Trigger(
                name="billing_wallets_fold",
                function="billing_check_fold",
                when="AFTER",
                event="INSERT OR UPDATE OF current_balance, reserved_balance, ledger_version, ledger_hash",
                violation_error_message="A balance changes only together with the wallet's ledger.",
            ),
            # Postings rewrite the row: free space on its page keeps them from touching any index.
            TableStorage(
                name="billing_wallets_storage",
                parameters={
                    "fillfactor": "50",
                    "autovacuum_vacuum_threshold": "200",
                    "autovacuum_vacuum_scale_factor": "0.02",
                },
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_wallets_newest")]

    def __str__(self) -> str:
        return f"Wallet of {self.user}" if self.user_id else f"Wallet of {self.tenant}"

    @property
    def available_balance(self) -> Decimal:
        """What can be spent."""
        return self.current_balance - self.reserved_balance

    @property
    def is_low(self) -> bool:
        """Whether less than the threshold can be spent."""
        return self.low_balance_threshold is not None and self.available_balance < self.low_balance_threshold
