"""The billing domain in the API: read here, moved by services."""

from billing.ledger.api.holds import HoldViewSet
from billing.ledger.api.wallets import WalletSerializer, WalletViewSet
from billing.ledger.models import CreditLot, Hold, LedgerTransaction, Wallet
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
