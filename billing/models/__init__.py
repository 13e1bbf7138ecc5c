"""Tables of the billing domain."""

from billing.models.audit import AuditResult, LedgerAnchor, LedgerAudit
from billing.models.auto_topup import AutoTopup
from billing.models.credits import CreditTransaction, CreditTransactionType, UserCredit
from billing.models.entitlement import USE, EntitlementUse, FeatureEntitlement, QuotaWindow
from billing.models.hold import Hold, HoldStatus
from billing.models.invoice import Invoice, InvoiceKind, InvoiceSeries, InvoiceStatus
from billing.models.ledger import LedgerTransaction, TransactionType
from billing.models.legacy_move import LegacyMove
from billing.models.lot import BURN_DOWN_ORDER, GRANTED_FIRST, PURCHASED_LATER, CreditLot
from billing.models.package import CreditPackage
from billing.models.payment import EventOutcome, Payment, PaymentKind, PaymentStatus, StripeEvent
from billing.models.price import ANY_MODEL, COMPONENT, TIERED, Price, PriceCategory, PriceScheme, PriceUnit
from billing.models.profile import BillingProfile, TaxPoint, profile_of
from billing.models.usage import UsageEvent, UsageStatus
from billing.models.wallet import Wallet, WalletStatus

__all__ = [
    "ANY_MODEL",
    "BURN_DOWN_ORDER",
    "COMPONENT",
    "GRANTED_FIRST",
    "PURCHASED_LATER",
    "TIERED",
    "USE",
    "AuditResult",
    "AutoTopup",
    "BillingProfile",
    "CreditLot",
    "CreditPackage",
    "CreditTransaction",
    "CreditTransactionType",
    "EntitlementUse",
    "EventOutcome",
    "FeatureEntitlement",
    "Hold",
    "HoldStatus",
    "Invoice",
    "InvoiceKind",
    "InvoiceSeries",
    "InvoiceStatus",
    "LedgerAnchor",
    "LedgerAudit",
    "LedgerTransaction",
    "LegacyMove",
    "Payment",
    "PaymentKind",
    "PaymentStatus",
    "Price",
    "PriceCategory",
    "PriceScheme",
    "PriceUnit",
    "QuotaWindow",
    "StripeEvent",
    "TaxPoint",
    "TransactionType",
    "UsageEvent",
    "UsageStatus",
    "UserCredit",
    "Wallet",
    "WalletStatus",
    "profile_of",
]
