"""The audit proves that every charge of a closed period is on exactly one invoice, and that owed credit is kept."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.audit.services import audit_ledger
from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from billing.ledger.services import ledger, wallets
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.billing.profiles import set_profile
from tests.factories.billing import InvoiceFactory, NumberPrefixFactory
from tests.support.database import superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)

JUNE, JULY, AUGUST, SEPTEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (6, 7, 8, 9))
DAY = timedelta(days=1)
ON_ONE_INVOICE = "A charge of a closed period is not on exactly one invoice"
CREDIT_KEPT = "Credit that is owed to a customer was deducted more or less than once"
OWN_PREFIX = "An invoice number begins with the prefix of another tenant"


def found(title: str) -> list[dict[str, Any]]:
    return [dict(each.row) for each in audit_ledger(now=SEPTEMBER).results.findings if each.title == title]


def tamper(statement: str, *values: object) -> None:
    with superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")
        assert superuser.execute(statement, values).rowcount == 1


@pytest.fixture
def closed(tenant: Tenant) -> Tenant:
    """Return a tenant with a charge at the beginning and the end of each of three invoiced months."""
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        ledger.topup(wallet=wallet, amount=Decimal(100), key="fund", now=JUNE - DAY)
        for start, end in ((JUNE, JULY), (JULY, AUGUST), (AUGUST, SEPTEMBER)):
            for moment in (start, end - timedelta(seconds=1)):
                ledger.debit(wallet=wallet, amount=Decimal(1), key=f"use {moment}", now=moment)
            invoices.finalise(invoice=invoices.draft_for_period(period_start=start, period_end=end))
    assert not audit_ledger(now=SEPTEMBER).results.findings
    return tenant


def test_a_charge_between_two_periods_is_found(closed: Tenant) -> None:
    tamper(
        "UPDATE billing_invoices SET period_start = period_start + interval '1 hour' WHERE period_start = %s", AUGUST
    )
    [row] = found(ON_ONE_INVOICE)
    assert (row["invoices"], datetime.fromisoformat(row["created_at"])) == (0, AUGUST)


def test_a_charge_on_two_invoices_is_found(closed: Tenant) -> None:
    with superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")
        # The exclusion constraint would refuse it, so the period is moved to another currency and back.
        [definition] = superuser.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'billing_invoices_one_per_period'"
        ).fetchone()  # type: ignore[misc]
        superuser.execute("ALTER TABLE billing_invoices DROP CONSTRAINT billing_invoices_one_per_period")
        superuser.execute(
            "UPDATE billing_invoices SET period_start = period_start - interval '1 hour' WHERE period_start = %s",
            [AUGUST],
        )
    try:
        [row] = found(ON_ONE_INVOICE)
        assert row["invoices"] == 2
    finally:
        with superuser_connection() as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("DELETE FROM billing_invoices")
            superuser.execute(
                f"ALTER TABLE billing_invoices ADD CONSTRAINT billing_invoices_one_per_period {definition}"
            )


def test_a_month_without_its_invoice_is_found(closed: Tenant) -> None:
    tamper("DELETE FROM billing_invoices WHERE period_start = %s", JULY)
    assert [row["invoices"] for row in found(ON_ONE_INVOICE)] == [0, 0]


def test_the_period_of_a_voided_invoice_is_open_until_another_one_covers_it(closed: Tenant) -> None:
    void = "UPDATE billing_invoices SET status = 'voided', paid_at = NULL WHERE period_start = %s"
    tamper(void, JULY)
    assert found(ON_ONE_INVOICE) == []
    with tenant_context(closed.pk):
        again = invoices.draft_for_period(period_start=JULY, period_end=AUGUST)
    assert found(ON_ONE_INVOICE) == []
    tamper("UPDATE billing_invoices SET period_start = %s WHERE id = %s", JULY + DAY, again.pk)
    [row] = found(ON_ONE_INVOICE)
    assert datetime.fromisoformat(row["created_at"]) == JULY


def test_a_charge_that_was_reversed_before_it_was_invoiced_needs_no_invoice(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        ledger.topup(wallet=wallet, amount=Decimal(100), key="fund", now=JUNE - DAY)
        for start in (JUNE, AUGUST):
            ledger.debit(wallet=wallet, amount=Decimal(1), key=f"use {start}", now=start)
        gone = ledger.debit(wallet=wallet, amount=Decimal(1), key="gone", now=JULY + DAY)
        invoices.finalise(invoice=invoices.draft_for_period(period_start=JUNE, period_end=JULY))
        ledger.reverse(transaction=gone.id, key="undo", reason="Never happened", now=JULY + 2 * DAY)
        row = invoices.draft_for_period(period_start=AUGUST, period_end=SEPTEMBER)
        invoices.finalise(invoice=row)
    tamper("UPDATE billing_invoices SET period_start = %s WHERE id = %s", AUGUST, row.pk)
    assert found(ON_ONE_INVOICE) == []


def test_owed_credit_that_was_lost_or_doubled_is_found(closed: Tenant) -> None:
    with tenant_context(closed.pk):
        set_profile(tax_point="use", tax_rate=Decimal("0.19"))
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(100), key="more", now=AUGUST)
        first = InvoiceFactory.create(status="pending")
        invoices.credit_note(invoice=first, amount=Decimal(8), reason="Part")
        [debit] = [ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(50), key="use", now=SEPTEMBER + DAY)]
        invoices.finalise(invoice=invoices.draft_for_period(period_start=SEPTEMBER, period_end=SEPTEMBER + 30 * DAY))
        ledger.reverse(transaction=debit.id, key="undo", reason="Never happened", now=SEPTEMBER + 31 * DAY)
        start, end = SEPTEMBER + 30 * DAY, SEPTEMBER + 61 * DAY
        owed = invoices.finalise(invoice=invoices.draft_for_period(period_start=start, period_end=end))
        assert owed.credit_owed == Decimal("9.5")
        target = InvoiceFactory.create(status="pending")
        assert target.applied_credit == Decimal("9.5")
    assert found(CREDIT_KEPT) == []
    tamper("UPDATE billing_credit_applications SET amount = amount - 1")
    assert {row["id"] for row in found(CREDIT_KEPT)} == {str(owed.pk), str(target.pk)}
    tamper("DELETE FROM billing_credit_applications")
    assert len(found(CREDIT_KEPT)) == 2


def test_a_number_with_the_prefix_of_another_tenant_is_found(closed: Tenant, other_tenant: Tenant) -> None:
    with tenant_context(other_tenant.pk):
        NumberPrefixFactory.create(prefix="THEIRS")
    with tenant_context(closed.pk):
        row = Invoice.objects.get(period_start=JULY)
    assert found(OWN_PREFIX) == []
    tamper("UPDATE billing_invoices SET invoice_number = 'THEIRS-INV-000001' WHERE id = %s", row.pk)
    assert [each["owner"] for each in found(OWN_PREFIX)] == [str(other_tenant.pk)]
