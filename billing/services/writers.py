"""Which tables have rules of their own when the API, the admin or an import writes them."""

from billing.models import AutoTopup, Invoice, Price, Wallet
from billing.services.auto_topup import AutoTopupWriter
from billing.services.invoices import InvoiceWriter
from billing.services.prices import PriceWriter
from billing.services.wallets import WalletWriter
from lad import writes


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(Wallet, WalletWriter)
    writes.register(Price, PriceWriter)
    writes.register(Invoice, InvoiceWriter)
    writes.register(AutoTopup, AutoTopupWriter)
