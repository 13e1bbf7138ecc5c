"""Invoices in the API: rows, pages and files, for those who may see the tenant's bills."""

import pytest

from lad.tenancy.context import platform_context
from tests.factories.billing import InvoiceFactory
from tests.tenants.helpers import problem

INVOICES = "/api/v1/billing-invoices/"


@pytest.fixture
def issued(tenant):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create(status="pending")


def test_an_invoice_is_read_with_its_number_lines_tax_and_parties(api, owner, issued):
    row = api(owner).get(f"{INVOICES}{issued.pk}/").json()
    assert (row["invoice_number"], row["kind"], row["status"], row["total"]) == (
        "INV-000001",
        "manual",
        "pending",
        "208.950000",
    )
    assert row["tax_lines"] == [{"name": "VAT", "rate": "0.05", "taxable": "199", "amount": "9.95"}]
    assert row["recipient"]["name"]
    assert row["issuer"]["name"]


def test_invoices_are_found_by_kind_and_status(api, owner, tenant, issued):
    with platform_context(tenant_id=tenant.pk):
        InvoiceFactory.create()
    caller = api(owner)
    assert [row["id"] for row in caller.get(INVOICES, {"status": "pending"}).json()["results"]] == [str(issued.pk)]
    assert len(caller.get(INVOICES, {"kind": "manual"}).json()["results"]) == 2


def test_the_page_of_an_invoice_runs_and_loads_nothing(api, owner, issued):
    answer = api(owner).get(f"{INVOICES}{issued.pk}/html/")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "INV-000001" in answer.content.decode()


def test_the_file_of_an_invoice_is_named_after_its_number(api, owner, issued):
    answer = api(owner).get(f"{INVOICES}{issued.pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_documents_are_for_those_who_may_see_the_bills(kind, api, admin, member, other_owner, issued):
    address = f"{INVOICES}{issued.pk}/{kind}/"
    assert api(admin).get(address).status_code == 200
    assert problem(api(member).get(address)) == (403, "missing_right")
    assert problem(api(other_owner).get(address)) == (404, "not_found")
    assert problem(api().get(address)) == (401, "not_authenticated")


def test_invoices_are_written_by_nobody_here(api, owner, issued):
    caller = api(owner)
    for attempt in (
        caller.post(INVOICES, {}, format="json"),
        caller.patch(f"{INVOICES}{issued.pk}/", {"due_at": None}, format="json"),
        caller.delete(f"{INVOICES}{issued.pk}/"),
    ):
        assert attempt.status_code == 405
