"""Wallets, lots, holds and the ledger."""

from billing.ledger.models.hold import Hold, HoldStatus
from billing.ledger.models.lot import BURN_DOWN_ORDER, GRANTED_FIRST, PURCHASED_LATER, CreditLot
from billing.ledger.models.transaction import HOLDING, INCOMING, LedgerTransaction, TransactionType
from billing.ledger.models.wallet import Wallet, WalletStatus

__all__ = [
    "BURN_DOWN_ORDER",
    "GRANTED_FIRST",
    "HOLDING",
    "INCOMING",
    "PURCHASED_LATER",
    "CreditLot",
    "Hold",
    "HoldStatus",
    "LedgerTransaction",
    "TransactionType",
    "Wallet",
    "WalletStatus",
]
