"""What models cost, what a tenant has, and what was charged."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.ledger.models import Hold, HoldStatus, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from lad.llm.models import ModelUsage
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import PriceFactory

PROMPT, COMPLETION = Decimal("0.000002"), Decimal("0.000010")


@pytest.fixture
def priced() -> None:
    since = timezone.now() - timedelta(days=1)
    with platform_context():
        for category, price in (("llm_prompt", PROMPT), ("llm_completion", COMPLETION)):
            PriceFactory.create(
                category=category, provider="openai_compatible", model="*", unit="token", unit_price=price,
                effective_from=since,
            )  # fmt: skip


def fund(tenant: Any, amount: str) -> None:
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(amount), key=f"fund-{amount}")


def books(tenant: Any) -> tuple[Decimal, Decimal, list[str], int]:
    """Return what was debited, what is reserved, the statuses of the uses, and the open holds."""
    with tenant_context(tenant.pk):
        debits = LedgerTransaction.objects.filter(transaction_type=TransactionType.DEBIT)
        wallet = Wallet.objects.filter(user=None).first()
        return (
            -sum((row.amount for row in debits), Decimal(0)),
            wallet.reserved_balance if wallet else Decimal(0),
            sorted(UsageEvent.objects.values_list("status", flat=True)),
            Hold.objects.filter(status=HoldStatus.HELD).count(),
        )


def used(tenant: Any) -> tuple[int, int]:
    with tenant_context(tenant.pk):
        rows = list(ModelUsage.objects.values_list("input_tokens", "output_tokens"))
    return sum(row[0] for row in rows), sum(row[1] for row in rows)
