"""The billing domain in the API: read here, moved by services."""

from billing.api import entitlements, payments, profiles, usage_summary  # noqa: F401  (they register themselves)
from billing.api.holds import HoldViewSet
from billing.api.invoices import InvoiceViewSet
from billing.api.usage import UsageEventSerializer, UsageEventViewSet
from billing.api.wallets import WalletSerializer, WalletViewSet
from billing.models import (
    CreditLot,
    CreditTransaction,
    EntitlementUse,
    FeatureEntitlement,
    Hold,
    Invoice,
    InvoiceSeries,
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
    filters=["wallet", "transaction_type", "reference_id", "hold", "created_at"],
)
router.register(
    CreditLot,
    area="billing",
    methods=router.READ,
    filters=["wallet", "is_open", "expires_at", "created_at"],
)
router.register(
    Hold,
    area="billing",
    methods=router.READ,
    viewset=HoldViewSet,
    filters=["wallet", "status", "reference_id", "expires_at", "created_at"],
)
router.register(
    Wallet,
    area="billing",
    methods=("list", "retrieve", "update"),
    viewset=WalletViewSet,
    serializer=WalletSerializer,
    filters=["user", "status", "created_at"],
    includes={"ledger_transactions": LedgerTransaction, "credit_lots": CreditLot, "holds": Hold},
)
router.register(
    Invoice,
    area="billing",
    methods=router.READ,
    viewset=InvoiceViewSet,
    filters=["invoice_number", "kind", "status", "corrects", "payment", "due_at", "created_at"],
)
router.register(InvoiceSeries, area="billing", methods=router.READ, filters=["series", "created_at"])
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
    viewset=UsageEventViewSet,
    serializer=UsageEventSerializer,
    filters=["feature_key", "status", "user", "external_reference_id", "occurred_at", "created_at"],
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
router.register(
    EntitlementUse,
    area="usage",
    methods=router.READ,
    filters=["entitlement", "window", "window_start", "created_at"],
)
