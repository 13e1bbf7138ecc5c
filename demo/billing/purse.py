"""One wallet of the demo, moved by the ledger as it was at each moment of its history."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.ledger.models import Wallet
from billing.ledger.services import ledger, wallets
from demo.company import DemoCompany
from lad.db.identifiers import as_of
from tenants.accounts.models import User

STEP: Final = timedelta(milliseconds=1)


class Purse:
    """A wallet whose movements come one after the other; ``at`` tells which moment the next one has."""

    def __init__(self, company: DemoCompany, opened: datetime, *, threshold: Decimal, user: User | None = None) -> None:
        self.company, self.last = company, opened
        with as_of(opened):
            self.wallet = wallets.open_wallet(user=user, actor=company.owner)
        wallets.set_threshold(wallet=self.wallet, threshold=threshold, actor=company.owner)
        Wallet.objects.filter(pk=self.wallet.pk).update(created_at=opened)

    @property
    def available(self) -> Decimal:
        """What can be spent now."""
        current, reserved = Wallet.objects.values_list("current_balance", "reserved_balance").get(pk=self.wallet.pk)
        return Decimal(current - reserved)

    def at(self, moment: datetime) -> datetime:
        """The moment, or right after the last movement where that came later."""
        self.last = max(moment, self.last + STEP)
        return self.last

    def credit(self, amount: Decimal, moment: datetime, key: str, description: str, **values: Any) -> ledger.Posted:
        """Grant credit."""
        said = {**self._said(moment), **values}
        with as_of(said["now"]):
            return ledger.credit(amount=amount, key=key, description=description, **said)

    def adjust(self, amount: Decimal, moment: datetime, key: str, reason: str) -> ledger.Posted:
        """Correct by a signed amount."""
        said = self._said(moment)
        with as_of(said["now"]):
            return ledger.adjust(amount=amount, key=key, reason=reason, **said)

    def _said(self, moment: datetime) -> dict[str, Any]:
        reference, actor = ledger.Reference("manual"), self.company.owner
        return {"wallet": self.wallet, "reference": reference, "actor": actor, "now": self.at(moment)}
