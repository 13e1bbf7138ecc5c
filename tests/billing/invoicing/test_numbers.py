"""Invoice numbers are consecutive and only on finalised invoices, also when tables are written directly."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connections, transaction
from django.utils import timezone

from billing.invoicing.models import LEGACY_NUMBERS, Invoice, InvoiceSeries, NumberPrefix
from billing.invoicing.services import invoices
from lad.db.identifiers import uuid7
from lad.errors import Refused
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.invoicing.numbers import short
from tests.billing.profiles import set_profile
from tests.contract.sql import constraint_of, execute, refused
from tests.factories.billing import InvoiceFactory, NumberPrefixFactory
from tests.factories.tenants import TenantFactory
from tests.support.database import refuses, superuser_connection

CHECK = psycopg.errors.CheckViolation
UNIQUE = psycopg.errors.UniqueViolation
THREADS = 6
EACH = 5


@pytest.fixture
def within(tenant):
    with tenant_context(tenant.pk):
        yield


def finalised(count):
    return [invoices.finalise(invoice=InvoiceFactory.create()) for _ in range(count)]


def set_columns(invoice, **values):
    assignments = ", ".join(f"{name} = %s" for name in values)
    return execute(f"UPDATE billing_invoices SET {assignments} WHERE id = %s", [*values.values(), invoice.pk])


def take(number):
    """Take a number without the service, with the constraint still checked at once."""
    execute("SET CONSTRAINTS billing_invoice_series_used DEFERRED")
    return execute("UPDATE billing_invoice_series SET last_number = %s WHERE series = 'INV'", [number])


def test_numbers_follow_the_order_of_finalising(within):
    assert [short(row.invoice_number) for row in finalised(3)] == ["INV-000001", "INV-000002", "INV-000003"]
    assert InvoiceSeries.objects.get(series="INV").last_number == 3


def test_each_tenant_has_its_own_numbers(within, other_tenant):
    assert finalised(1)[0].sequence_number == 1
    with platform_context(tenant_id=other_tenant.pk):
        assert finalised(2)[1].sequence_number == 2


def test_a_refused_finalisation_takes_no_number(within):
    empty = InvoiceFactory.create(line_items=[], subtotal=0, tax_lines=[], tax=0)
    with pytest.raises(invoices.InvoiceIncomplete):
        invoices.finalise(invoice=empty)
    with pytest.raises(RuntimeError), transaction.atomic():
        finalised(1)
        raise RuntimeError
    assert short(finalised(1)[0].invoice_number) == "INV-000001"


def test_numbers_continue_when_the_prefix_changes(within):
    set_profile(invoice_prefix="ACME")
    assert finalised(1)[0].invoice_number == "ACME-INV-000001"
    set_profile(invoice_prefix="LAD")
    assert finalised(1)[0].invoice_number == "LAD-INV-000002"


def test_a_draft_has_no_number(within):
    row = InvoiceFactory.create()
    with refused(CHECK) as caught:
        set_columns(row, invoice_number="INV-000001")
    assert constraint_of(caught) == "billing_invoices_numbered"
    with refused(CHECK):
        set_columns(row, sequence_number=1)


def test_an_invoice_is_not_finalised_without_a_number(within):
    row = InvoiceFactory.create()
    with refused(CHECK) as caught:
        set_columns(row, status="pending", finalised_at=timezone.now())
    assert constraint_of(caught) == "billing_invoices_numbered"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "{}-INV-000001"), (3, "{}-INV-000003"), (2, "{}-INV-2"), (2, "MINE-INV-000002"), (2, "{}-INV-000003")],
)
def test_an_invoice_gets_the_number_just_taken(number, text, within):
    finalised(1)
    text = text.format(NumberPrefix.objects.get().prefix)
    row = InvoiceFactory.create()
    with refused(CHECK) as caught:
        take(2)
        set_columns(row, status="pending", finalised_at=timezone.now(), sequence_number=number, invoice_number=text)
    assert constraint_of(caught) == "billing_invoices_finalised"


def test_a_number_cannot_be_used_twice(within):
    [known] = finalised(1)
    row = InvoiceFactory.create()
    with refused(UNIQUE) as caught:
        number = known.invoice_number
        set_columns(row, status="pending", finalised_at=timezone.now(), sequence_number=1, invoice_number=number)
    assert constraint_of(caught) in ("billing_invoices_sequence_key", "billing_invoices_number_key")


@pytest.mark.parametrize(
    ("second", "key"),
    [((1, "INV-000002"), "billing_invoices_sequence_key"), ((2, "INV-000001"), "billing_invoices_number_key")],
    ids=["counted", "written"],
)
def test_both_forms_of_a_number_are_unique(second, key, db):
    add = (
        "INSERT INTO billing_invoices (tenant_id, status, sequence_number, invoice_number, finalised_at, subtotal,"
        " total, period_start, period_end) VALUES (%s, 'pending', %s, %s, now(), 1, 1, now(), now() + interval '1 day')"
    )
    tenant_id = uuid7()
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True):
        # Without the triggers, which would refuse the row before the unique keys do.
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(add, [tenant_id, 1, "INV-000001"])
        with pytest.raises(UNIQUE, match=key):
            superuser.execute(add, [tenant_id, *second])


def test_a_number_taken_must_be_used_by_an_invoice(within):
    finalised(1)
    with refused(CHECK) as caught:
        take(2)
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert constraint_of(caught) == "billing_invoice_series_used"


@pytest.mark.parametrize("number", [0, 1, 4, -1])
def test_a_series_increases_by_one(number, within):
    finalised(2)
    with refused(CHECK) as caught:
        take(number)
    assert constraint_of(caught) in ("billing_invoice_series_steps", "billing_invoice_series_counts_up")


def test_a_series_starts_at_zero_and_cannot_be_deleted(within):
    finalised(1)
    with refused(CHECK) as caught:
        execute(
            "INSERT INTO billing_invoice_series (tenant_id, series, last_number)"
            " SELECT tenant_id, 'LATE', 7 FROM billing_invoice_series"
        )
    assert constraint_of(caught) == "billing_invoice_series_steps"
    with platform_context(), refused(CHECK):
        execute("DELETE FROM billing_invoice_series")
    with refused(CHECK):
        execute("UPDATE billing_invoice_series SET series = 'OTHER'")


def test_an_invoice_begins_as_a_draft(within):
    [row] = finalised(1)
    with refused(CHECK) as caught:
        execute(
            "INSERT INTO billing_invoices (tenant_id, status, series, sequence_number, invoice_number, finalised_at,"
            " subtotal, total, period_start, period_end) SELECT tenant_id, 'pending', 'X', 1, 'X-1', finalised_at,"
            " subtotal, subtotal, period_start, period_end FROM billing_invoices WHERE id = %s",
            [row.pk],
        )
    assert constraint_of(caught) == "billing_invoices_finalised"


@pytest.mark.parametrize("column", ["subtotal", "tax"])
def test_an_invoice_is_finalised_with_the_sum_of_its_lines(column, within):
    row = InvoiceFactory.create()
    set_columns(row, **{column: 1, "total": 1 + (row.tax if column == "subtotal" else row.subtotal)})
    with refused(CHECK) as caught:
        take_and_set(row)
    assert constraint_of(caught) == "billing_invoices_finalised"


def take_and_set(row):
    NumberPrefixFactory.create(prefix="MINE")
    execute(
        "INSERT INTO billing_invoice_series (tenant_id, series, prefix) SELECT tenant_id, 'INV', 'MINE-INV-'"
        " FROM billing_invoices WHERE id = %s",
        [row.pk],
    )
    take(1)
    number = "MINE-INV-000001"
    set_columns(row, status="pending", finalised_at=timezone.now(), sequence_number=1, invoice_number=number)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("invoice_number", "INV-000009"),
        ("sequence_number", 9),
        ("series", "X"),
        ("kind", "usage"),
        ("finalised_at", timezone.now()),
        ("total", 1),
        ("tax_lines", "[]"),
        ("line_items", "[]"),
        ("recipient", '{"name": "Somebody else"}'),
        ("issuer", "{}"),
        ("due_at", timezone.now() + timedelta(days=99)),
        ("currency", "EUR"),
    ],
)
def test_no_column_of_a_finalised_invoice_can_change(column, value, within):
    [row] = finalised(1)
    with refused(CHECK) as caught:
        set_columns(row, **{column: value})
    assert constraint_of(caught)
    with refused(CHECK):
        execute("DELETE FROM billing_invoices WHERE id = %s", [row.pk])


@pytest.mark.django_db(transaction=True)
def test_the_prefix_avoids_legacy_numbers():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        set_profile(invoice_prefix="ACME")
        old = invoices.finalise(invoice=InvoiceFactory.create(series=LEGACY_NUMBERS))
        assert old.invoice_number == "ACME-OLD-000001"
    with superuser_connection() as superuser:
        # A number written by hand before LAD assigned numbers.
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE billing_invoices SET invoice_number = 'ACME-INV-000001' WHERE id = %s", [old.pk])
    with platform_context(tenant_id=tenant.pk):
        assert finalised(1)[0].invoice_number == "ACME-INV-N000001"


def test_numbers_are_unique_among_all_tenants_of_the_issuer(within, other_tenant):
    numbers = [row.invoice_number for row in finalised(2)]
    with tenant_context(other_tenant.pk):
        numbers += [row.invoice_number for row in finalised(2)]
    assert [short(number) for number in numbers] == ["INV-000001", "INV-000002"] * 2
    assert len(set(numbers)) == 4


def test_a_prefix_belongs_to_one_tenant_for_ever(within, other_tenant):
    set_profile(invoice_prefix="ACME")
    finalised(1)
    set_profile(invoice_prefix="LAD")
    with tenant_context(other_tenant.pk):
        for taken in ("ACME", "LAD"):
            with refuses(Refused, f"begin with {taken}. Choose another prefix") as caught:
                set_profile(invoice_prefix=taken)
            assert caught.value.extra["fields"] == ["invoice_prefix"]
        assert short(finalised(1)[0].invoice_number) == "INV-000001"
    assert set_profile(invoice_prefix="ACME").invoice_prefix == "ACME"


def test_the_database_refuses_a_number_with_the_prefix_of_another_tenant(within, other_tenant):
    with tenant_context(other_tenant.pk):
        NumberPrefixFactory.create(prefix="THEIRS")
    finalised(1)
    row = InvoiceFactory.create()
    with refused(CHECK) as caught:
        execute("SET CONSTRAINTS billing_invoice_series_used DEFERRED")
        execute("UPDATE billing_invoice_series SET last_number = 2, prefix = 'THEIRS-INV-' WHERE series = 'INV'")
        set_columns(
            row,
            status="pending",
            finalised_at=timezone.now(),
            sequence_number=2,
            invoice_number="THEIRS-INV-000002",
        )
    assert constraint_of(caught) == "billing_invoices_finalised"


def test_a_tenant_whose_prefix_is_taken_gets_a_longer_one(within, tenant, other_tenant):
    short_one, digits = "", tenant.pk.int % (1 << 62)
    for _ in range(6):
        digits, place = divmod(digits, 32)
        short_one += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[place]
    with tenant_context(other_tenant.pk):
        NumberPrefixFactory.create(prefix=short_one)
    longer, _, rest = finalised(1)[0].invoice_number.partition("-")
    assert (longer[:6], len(longer), rest) == (short_one, 7, "INV-000001")


def drafts(tenant, count):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create_batch(count)


def in_threads(work, items):
    """Run the work on each item in its own thread, all started at once."""
    together = threading.Barrier(len(items))

    def run(item):
        try:
            together.wait()
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))


@pytest.mark.django_db(transaction=True)
def test_simultaneous_finalisations_leave_no_gap_and_no_number_twice():
    with platform_context():
        tenant = TenantFactory.create()
    rows = drafts(tenant, THREADS * EACH)

    def finalise_some(number):
        for row in rows[number::THREADS]:
            with tenant_context(tenant.pk):
                invoices.finalise(invoice=row)

    in_threads(finalise_some, range(THREADS))
    with platform_context(tenant_id=tenant.pk):
        numbers = Invoice.objects.order_by("sequence_number").values_list("sequence_number", "invoice_number")
        assert [(number, short(text)) for number, text in numbers] == [
            (n, f"INV-{n:06d}") for n in range(1, THREADS * EACH + 1)
        ]
        assert InvoiceSeries.objects.get().last_number == THREADS * EACH


@pytest.mark.django_db(transaction=True)
def test_an_invoice_finalised_simultaneously_gets_one_number():
    with platform_context():
        tenant = TenantFactory.create()
    [row] = drafts(tenant, 1)

    def finalise(_number):
        with tenant_context(tenant.pk):
            return short(invoices.finalise(invoice=row).invoice_number)

    assert in_threads(finalise, range(THREADS)) == ["INV-000001"] * THREADS
    with platform_context(tenant_id=tenant.pk):
        assert InvoiceSeries.objects.get().last_number == 1
