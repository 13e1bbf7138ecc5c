"""One demo wallet whose ledger entries lie at given times in the past."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.ledger.models import Wallet
from billing.ledger.services import ledger, wallets
from demo.demo_tenant import DemoTenant
from lad.db.identifiers import as_of
from tenants.accounts.models import User

MIN_GAP: Final = timedelta(milliseconds=1)


class DemoWallet:
    """A wallet whose ledger entries are created in time order."""

    def __init__(self, demo: DemoTenant, opened: datetime, *, threshold: Decimal, user: User | None = None) -> None:
        self.demo, self.last = demo, opened
        with as_of(opened):
            self.wallet = wallets.open_wallet(user=user, actor=demo.owner)
        wallets.set_threshold(wallet=self.wallet, threshold=threshold, actor=demo.owner)
        Wallet.objects.filter(pk=self.wallet.pk).update(created_at=opened)

    @property
    def available(self) -> Decimal:
        """Return the available balance."""
        current, reserved = Wallet.objects.values_list("current_balance", "reserved_balance").get(pk=self.wallet.pk)
        return Decimal(current - reserved)

    def at(self, moment: datetime) -> datetime:
        """Return the time, or the time right after the last entry if that is later."""
        self.last = max(moment, self.last + MIN_GAP)
        return self.last

    def credit(
        self, amount: Decimal, moment: datetime, key: str, description: str, **values: Any
    ) -> ledger.PostedTransaction:
        """Grant credit."""
        values_of_posting = {**self._posting_values(moment), **values}
        with as_of(values_of_posting["now"]):
            return ledger.credit(amount=amount, key=key, description=description, **values_of_posting)

    def adjust(self, amount: Decimal, moment: datetime, key: str, reason: str) -> ledger.PostedTransaction:
        """Adjust the balance by a signed amount."""
        values_of_posting = self._posting_values(moment)
        with as_of(values_of_posting["now"]):
            return ledger.adjust(amount=amount, key=key, reason=reason, **values_of_posting)

    def _posting_values(self, moment: datetime) -> dict[str, Any]:
        reference, actor = ledger.Reference(ledger.ReferenceKind.MANUAL), self.demo.owner
        return {"wallet": self.wallet, "reference": reference, "actor": actor, "now": self.at(moment)}
