"""Legacy credits in tests: made as the old product wrote them, moved, and read back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.ledger.models import LedgerTransaction, Wallet
from billing.legacy import services as legacy
from billing.legacy.models import CreditTransactionType, UserCredit
from billing.legacy.services import Line
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.billing import CreditTransactionFactory, UserCreditFactory

Kind = CreditTransactionType
JANUARY = datetime(2026, 1, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def credits_of(user: User, balance: str, *movements: tuple[str, str], start: datetime = JANUARY) -> UserCredit:
    """A balance and the transactions that are told of it, an hour apart."""
    with platform_context(tenant_id=user.primary_tenant_id):
        row = UserCreditFactory.create(user=user, balance=Decimal(balance))
        add(row, *movements, start=start)
    return row


def add(row: UserCredit, *movements: tuple[str, str], start: datetime = JANUARY, **values: Any) -> None:
    with platform_context(tenant_id=row.tenant_id):
        for number, (kind, amount) in enumerate(movements):
            CreditTransactionFactory.create(
                user=row.user,
                user_credit=row,
                transaction_type=kind,
                amount=Decimal(amount),
                balance_before=None,
                balance_after=None,
                created_at=start + timedelta(hours=number),
                **values,
            )


def run(tenant: Tenant, **options: Any) -> dict[str, Line]:
    return {line.user: line for line in legacy.move(tenant_id=tenant.pk, now=NOW, **options)}


def wallet_of(user: User) -> Wallet:
    with platform_context(tenant_id=user.primary_tenant_id):
        return Wallet.objects.get(user=user)


def rows_of(user: User) -> list[LedgerTransaction]:
    with platform_context(tenant_id=user.primary_tenant_id):
        return list(LedgerTransaction.objects.filter(wallet__user=user).order_by("wallet_version"))


def told(user: User) -> list[tuple[str, str]]:
    return [(row.transaction_type, f"{row.amount.normalize():f}") for row in rows_of(user)]
