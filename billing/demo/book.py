"""Writes a wallet and its ledger as they would have grown, so that every balance adds up."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.models import LedgerTransaction, TransactionType, Wallet
from tenants.demo.company import DemoCompany
from tenants.models import User

# A hold takes from what can be spent, not from the balance.
HOLDS: Final = (TransactionType.RESERVATION, TransactionType.RELEASE)
STEP: Final = timedelta(milliseconds=1)


class Book:
    """One wallet in the making; post in order of time, then ``write`` it."""

    def __init__(self, company: DemoCompany, opened: datetime, **values: Any) -> None:
        self.company = company
        self.wallet = Wallet(**company.born(opened), tenant=company.tenant, **values)
        self.wallet.current_balance = self.wallet.reserved_balance = Decimal(0)
        self.rows: list[LedgerTransaction] = []
        self.last = opened

    @property
    def available(self) -> Decimal:
        return self.wallet.available_balance

    def post(
        self,
        kind: TransactionType,
        amount: Decimal,
        at: datetime,
        key: str,
        *,
        by: User | None = None,
        **values: Any,
    ) -> LedgerTransaction:
        """One movement, at that moment or right after the one before it; ``amount`` is signed."""
        at = self.last = max(at, self.last + STEP)
        row = LedgerTransaction(
            **self.company.born(at),
            tenant=self.company.tenant,
            wallet=self.wallet,
            transaction_type=kind,
            amount=amount,
            balance_before=self.available,
            balance_after=self.available + amount,
            idempotency_key=key,
            created_by=by,
            **values,
        )
        if kind in HOLDS:
            self.wallet.reserved_balance -= amount
        else:
            self.wallet.current_balance += amount
        self.rows.append(row)
        return row

    def write(self) -> None:
        Wallet.objects.bulk_create([self.wallet])
        LedgerTransaction.objects.bulk_create(self.rows)
