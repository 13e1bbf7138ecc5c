"""Wallets: the balances of tenants and their users."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing import money
from lad.db.constraints import TableStorage, Trigger
from lad.db.fields import TenantUserKey
from lad.db.models import TenantModel


class WalletStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


class Wallet(TenantModel):
    """The balance of a tenant (no user) or of one of its users.

    ``reserved_balance`` is the part that holds reserve; the rest is available. Both are the totals of the
    wallet's ledger and change only together with a new transaction.
    """

    event_name = "billing.wallet"

    user = TenantUserKey(
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        member=True,
        db_index=False,
        help_text="Empty for the tenant's own wallet.",
    )
    current_balance = money.amount_field(default=0, db_default=0, editable=False)
    reserved_balance = money.amount_field(default=0, db_default=0, editable=False)
    currency = money.currency_field()
    status = models.CharField(
        max_length=20, choices=WalletStatus, default=WalletStatus.ACTIVE, db_default=WalletStatus.ACTIVE
    )
    low_balance_threshold = money.amount_field(
        null=True,
        blank=True,
        help_text="Notify the tenant when less than this is available. Empty for never.",
    )
    low_balance_notified_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)
    ledger_version = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="The number of transactions in its ledger."
    )
    ledger_hash = models.BinaryField(
        max_length=32, default=b"", db_default=b"", editable=False, help_text="The last hash of its ledger."
    )

    # Wallets are closed, never deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")
    # The ledger already records every change of the balances.
    audited_columns = ("status", "low_balance_threshold", "currency", "user_id", "tenant_id", "metadata")

    class Meta:
        db_table = "billing_wallets"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="billing_wallets_user_key",
                violation_error_message="This user already has a wallet.",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(user__isnull=True),
                name="billing_wallets_tenant_key",
                violation_error_message="The tenant already has its own wallet.",
            ),
            models.CheckConstraint(
                condition=Q(reserved_balance__gte=0, current_balance__gte=F("reserved_balance")),
                name="billing_wallets_not_overdrawn",
                violation_error_message="The available balance of a wallet cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(low_balance_threshold__gte=0),
                name="billing_wallets_threshold_positive",
                violation_error_message="The threshold cannot be negative. Leave it empty for no notification.",
            ),
            models.CheckConstraint(
                condition=Q(ledger_version__gt=0)
                | Q(ledger_version=0, current_balance=0, reserved_balance=0, ledger_hash=b""),
                name="billing_wallets_begins_empty",
                violation_error_message="A new wallet must be empty. Post a transaction to fill it.",
            ),
            money.currency_check("billing_wallets"),
            Trigger(
                name="billing_wallets_fold",
                function="billing_check_fold",
                when="AFTER",
                event="INSERT OR UPDATE OF current_balance, reserved_balance, ledger_version, ledger_hash",
                violation_error_message="A balance can only change together with the wallet's ledger.",
            ),
            # Free space on the page lets postings update the row without touching an index.
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

    @property
    def owner_label(self) -> str:
        """Return the wallet's user, or that it is the tenant's own wallet."""
        return str(self.user) if self.user_id else "The tenant's own"

    def __str__(self) -> str:
        return f"Wallet of {self.user}" if self.user_id else f"Wallet of {self.tenant}"

    @property
    def available_balance(self) -> Decimal:
        """Return the balance less what is reserved."""
        return self.current_balance - self.reserved_balance

    @property
    def is_low(self) -> bool:
        """Return whether the available balance is below the threshold."""
        return self.low_balance_threshold is not None and self.available_balance < self.low_balance_threshold
