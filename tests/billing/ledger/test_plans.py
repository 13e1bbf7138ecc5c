"""How much a posting reads in a large tenant among small ones, whose average is what the planner knows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from billing.ledger.models import Hold, LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, Posting
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Membership, Role, Tenant
from tests.conftest import superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)

WALLETS = 80
SMALL_TENANTS = 150
# A wallet's row, its lot and the head of its ledger are looked up to lock, decide, write and check them.
LOOKUPS = 24
READ = """
SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables
WHERE relname IN ('billing_wallets', 'billing_credit_lots', 'billing_ledger_transactions')
"""


@pytest.fixture
def purses(tenant: Tenant) -> list[UUID]:
    with platform_context():
        users = User.objects.bulk_create(
            User(email=f"{number}@large.example", primary_tenant=tenant) for number in range(WALLETS)
        )
        Membership.objects.bulk_create(Membership(tenant=tenant, user=user, role=Role.MEMBER) for user in users)
        small = Tenant.objects.bulk_create(
            Tenant(name=f"Small {number}", slug=f"small-{number}") for number in range(SMALL_TENANTS)
        )
        large = Wallet.objects.bulk_create(Wallet(tenant=tenant, user=user) for user in users)
        others = Wallet.objects.bulk_create(Wallet(tenant=each) for each in small)
        ledger.post_many([posting(wallet.pk, Operation.TOPUP) for wallet in (*large, *others)])
    with superuser_connection() as superuser:
        superuser.execute("ANALYZE billing_wallets, billing_credit_lots, billing_ledger_transactions")
    return [wallet.pk for wallet in large]


def posting(wallet: UUID, operation: Operation) -> Posting:
    return Posting(operation, wallet, Decimal(1), key=f"{operation}-{wallet}")


def rows_read(work: Callable[[], object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        [before] = cursor.fetchone()
        work()
        cursor.execute(READ)
        [after] = cursor.fetchone()
    return int(after - before)


def test_a_debit_reads_the_rows_of_its_wallet_alone(purses, tenant):
    with tenant_context(tenant.pk):
        read = rows_read(lambda: ledger.debit(wallet=purses[0], amount=Decimal("0.5"), key="use"))
    assert 0 < read <= LOOKUPS


def test_a_batch_reads_the_rows_of_its_wallets_alone(purses, tenant):
    used = purses[:5]
    with tenant_context(tenant.pk):
        read = rows_read(lambda: ledger.post_many([posting(wallet, Operation.DEBIT) for wallet in used]))
    assert 0 < read <= LOOKUPS * len(used)


def test_credit_used_in_the_batch_that_brings_it_reads_its_wallet_alone(purses, tenant):
    batch = [
        Posting(Operation.CREDIT, purses[0], Decimal(2), key="granted"),
        Posting(Operation.DEBIT, purses[0], Decimal("2.5"), key="used"),
    ]
    with tenant_context(tenant.pk):
        read = rows_read(lambda: ledger.post_many(batch))
    assert 0 < read <= LOOKUPS


def test_a_hold_and_its_capture_read_the_rows_of_their_wallet_alone(purses, tenant):
    with tenant_context(tenant.pk):
        asked: dict[str, Any] = {"wallet": purses[0], "amount": Decimal("0.5"), "ttl": timedelta(minutes=1)}
        set_aside = rows_read(lambda: ledger.reserve(**asked, key="hold"))
        hold = Hold.objects.get()
        taken = rows_read(lambda: ledger.capture(hold=hold, amount=Decimal("0.2"), key="capture"))
    assert 0 < set_aside <= LOOKUPS
    assert 0 < taken <= LOOKUPS


def test_a_reversal_reads_the_rows_of_its_wallet_alone(purses, tenant):
    with tenant_context(tenant.pk):
        posted = ledger.debit(wallet=purses[0], amount=Decimal("0.5"), key="use")
        original = LedgerTransaction.objects.get(pk=posted.id)
        read = rows_read(lambda: ledger.reverse(transaction=original, key="back", reason="A mistake"))
    assert 0 < read <= LOOKUPS
