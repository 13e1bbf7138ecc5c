"""Invoices in the API as JSON, HTML and PDF, for users with the right to see billing."""

import pytest

from lad.tenancy.context import platform_context
from tests.billing.invoicing.numbers import short
from tests.factories.billing import InvoiceFactory
from tests.support.api import problem

INVOICES = "/api/v1/billing-invoices/"


@pytest.fixture
def issued(tenant):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create(status="pending")


def test_an_invoice_is_read_with_its_number_lines_tax_and_parties(api, owner, issued):
    row = api(owner).get(f"{INVOICES}{issued.pk}/").json()
    assert (short(row["invoice_number"]), row["kind"], row["status"], row["total"]) == (
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


def test_the_invoice_page_runs_no_script_and_loads_nothing(api, owner, issued):
    answer = api(owner).get(f"{INVOICES}{issued.pk}/html/")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert issued.invoice_number in answer.content.decode()


def test_the_pdf_is_named_after_the_invoice_number(api, owner, issued):
    answer = api(owner).get(f"{INVOICES}{issued.pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{issued.invoice_number}.pdf"'
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_documents_need_the_right_to_see_billing(kind, api, admin, member, other_owner, issued):
    address = f"{INVOICES}{issued.pk}/{kind}/"
    assert api(admin).get(address).status_code == 200
    assert problem(api(member).get(address)) == (403, "missing_right")
    assert problem(api(other_owner).get(address)) == (404, "not_found")
    assert problem(api().get(address)) == (401, "not_authenticated")


def test_invoices_are_read_only_in_the_api(api, owner, issued):
    caller = api(owner)
    for attempt in (
        caller.post(INVOICES, {}, format="json"),
        caller.patch(f"{INVOICES}{issued.pk}/", {"due_at": None}, format="json"),
        caller.delete(f"{INVOICES}{issued.pk}/"),
    ):
        assert attempt.status_code == 405
