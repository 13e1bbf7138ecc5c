"""Tables of the billing domain."""

from billing.models.credits import CreditTransaction, CreditTransactionType, UserCredit
from billing.models.entitlement import FeatureEntitlement
from billing.models.invoice import Invoice, InvoiceStatus
from billing.models.ledger import LedgerTransaction, TransactionType
from billing.models.price import ANY_MODEL, Price, PriceCategory, PriceUnit
from billing.models.usage import UsageEvent, UsageStatus
from billing.models.wallet import Wallet, WalletStatus

__all__ = [
    "ANY_MODEL",
    "CreditTransaction",
    "CreditTransactionType",
    "FeatureEntitlement",
    "Invoice",
    "InvoiceStatus",
    "LedgerTransaction",
    "Price",
    "PriceCategory",
    "PriceUnit",
    "TransactionType",
    "UsageEvent",
    "UsageStatus",
    "UserCredit",
    "Wallet",
    "WalletStatus",
]
