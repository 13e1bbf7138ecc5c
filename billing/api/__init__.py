"""The billing domain in the API: read here, moved by services."""

from billing.models import (
    CreditTransaction,
    FeatureEntitlement,
    Invoice,
    LedgerTransaction,
    Price,
    UsageEvent,
    UserCredit,
    Wallet,
)
from lad.api import router

router.register(
    LedgerTransaction,
    area="billing",
    methods=router.READ,
    filters=["wallet", "transaction_type", "reference_id", "created_at"],
)
router.register(
    Wallet,
    area="billing",
    methods=router.READ,
    filters=["user", "status", "created_at"],
    includes={"ledger_transactions": LedgerTransaction},
)
router.register(
    Invoice,
    area="billing",
    methods=router.READ,
    filters=["invoice_number", "status", "due_at", "created_at"],
)
router.register(
    CreditTransaction,
    area="billing",
    methods=router.READ,
    filters=["user", "user_credit", "created_at"],
)
router.register(
    UserCredit,
    area="billing",
    methods=router.READ,
    filters=["user", "created_at"],
    includes={"transactions": CreditTransaction},
)
router.register(
    UsageEvent,
    area="usage",
    methods=router.READ,
    filters=["feature_key", "status", "user", "external_reference_id", "created_at"],
)
router.register(
    Price,
    area="usage",
    methods=router.READ,
    filters=["category", "provider", "model", "unit", "is_active", "effective_from", "created_at"],
)
router.register(
    FeatureEntitlement,
    area="usage",
    methods=router.READ,
    filters=["feature_key", "enabled", "created_at"],
)
