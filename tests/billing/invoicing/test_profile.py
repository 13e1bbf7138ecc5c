"""Billing profiles: recipient and tax of invoices."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from billing.invoicing.models import TENANT_FIELDS, BillingProfile, TaxPoint, profile_of
from lad import writes
from lad.errors import Refused
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.profiles import set_profile
from tests.factories.billing import BillingProfileFactory
from tests.support.api import field_problems
from tests.support.database import refuses, violates

URL = "/api/v1/billing-profiles/mine/"


@pytest.fixture
def client(owner: User, api: Callable[..., APIClient]) -> APIClient:
    return api(owner)


def put(client: APIClient, **values: Any) -> Any:
    return client.put(URL, {"legal_name": "Acme Outreach Ltd", **values}, format="json")


def test_a_tenant_without_a_profile_has_the_defaults(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        profile = profile_of(tenant.pk)
        assert str(profile) == tenant.name
    assert (profile.tax_rate, profile.tax_name, profile.tax_point) == (Decimal("0.05"), "VAT", TaxPoint.PURCHASE)
    assert profile.payment_terms_days == 14


def test_the_api_shows_the_defaults_before_anything_is_written(client: APIClient) -> None:
    response = client.get(URL)
    assert response.status_code == 200
    assert response.json()["tax_rate"] == "0.0500"


def test_the_first_write_creates_the_profile_and_the_next_one_changes_it(client: APIClient, tenant: Tenant) -> None:
    assert put(client, country="AE").status_code == 200
    assert put(client, country="DE").json()["country"] == "DE"
    assert put(client).json()["language"] == "en"
    assert put(client, language="de").json()["language"] == "de"
    with platform_context():
        assert BillingProfile.objects.filter(tenant=tenant).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("country", "Germany", "characters"),
        ("country", "XX", "two-letter ISO code"),
        ("country", "de", "two-letter ISO code"),
        ("tax_rate", "5", "0.05 for 5 %"),
        ("tax_rate", "-0.1", "Write 0 for no tax"),
        ("tax_name", "", "blank"),
        ("invoice_email", "not an address", "is not an e-mail address"),
        ("payment_terms_days", 900, "365"),
        ("invoice_prefix", "acme-1", "capitals and digits"),
        ("tax_point", "never", "not a valid choice"),
        ("language", "tlh", "not a valid choice"),
    ],
)
def test_invalid_values_are_refused_with_advice(client: APIClient, field: str, value: Any, message: str) -> None:
    response = put(client, **{field: value})
    assert response.status_code == 400
    assert message in " ".join(response.json()["errors"][field])


PLATFORM_VALUES: dict[str, Any] = {
    "tax_name": "Nothing",
    "tax_rate": "0.0000",
    "tax_point": "use",
    "payment_terms_days": 365,
    "invoice_prefix": "MINE",
}


@pytest.mark.parametrize("exists", [False, True], ids=["first write", "later write"])
@pytest.mark.parametrize(("field", "value"), PLATFORM_VALUES.items())
def test_a_tenant_cannot_tax_or_number_itself(
    client: APIClient, tenant: Tenant, exists: bool, field: str, value: Any
) -> None:
    if exists:
        assert put(client).status_code == 200
    response = put(client, address="1 Market Street", **{field: value})
    assert field_problems(response) == {field: ["Only LAD's own staff can change this."]}
    with tenant_context(tenant.pk):
        profile = profile_of(tenant.pk)
    assert (profile.address, getattr(profile, field)) == ("", getattr(BillingProfile(), field))


def test_what_the_platform_set_may_be_sent_back_unchanged(client: APIClient, tenant: Tenant, superuser: User) -> None:
    with tenant_context(tenant.pk):
        set_profile(**PLATFORM_VALUES, actor=superuser)
    made = client.get(URL).json()
    changed = put(client, **{name: made[name] for name in PLATFORM_VALUES}, tax_id="GB123").json()
    assert {name: changed[name] for name in PLATFORM_VALUES} == PLATFORM_VALUES
    assert changed["tax_id"] == "GB123"


@pytest.mark.parametrize(("field", "value"), PLATFORM_VALUES.items())
def test_the_database_keeps_the_terms_from_a_tenants_session(tenant: Tenant, field: str, value: Any) -> None:
    change = {field: value}
    with tenant_context(tenant.pk):
        with violates("billing_profiles_own_terms"):
            BillingProfile.objects.create(**change)
        row = BillingProfile.objects.create(legal_name="Acme")
        assert BillingProfile.objects.update(address="1 Market Street") == 1
        with refuses(ProgrammingError, "permission denied"):
            BillingProfile.objects.update(**change)
    with platform_context(tenant_id=tenant.pk):
        assert BillingProfile.objects.filter(pk=row.pk).update(**change) == 1


def test_the_admin_shows_a_tenant_its_tax_and_does_not_let_it_change_it(
    tenant: Tenant, admin: User, superuser: User, admin_of: Callable[..., Client]
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = BillingProfileFactory.create(tenant=tenant, tax_name="GST")
    page = reverse("admin:billing_billingprofile_change", args=(row.pk,))
    theirs = admin_of(admin)
    shown = theirs.get(page)
    assert "GST" in shown.content.decode()
    assert set(shown.context["adminform"].form.fields) == set(TENANT_FIELDS)
    theirs.post(
        page, {"legal_name": "Acme", "language": "ar", "tax_rate": "0", "tax_point": "use", "invoice_prefix": "MINE"}
    )
    with tenant_context(tenant.pk):
        after = profile_of(tenant.pk)
    assert (after.legal_name, after.language, after.tax_rate, after.tax_point, after.invoice_prefix) == (
        "Acme",
        "ar",
        Decimal("0.05"),
        TaxPoint.PURCHASE,
        "",
    )
    ours = admin_of(superuser, tenant).get(page).context["adminform"].form
    assert set(PLATFORM_VALUES) < set(ours.fields)


def test_a_lost_update_is_refused(client: APIClient) -> None:
    first = put(client)
    put(client, country="DE")
    response = client.put(URL, {"legal_name": "Acme"}, format="json", HTTP_IF_MATCH=first["ETag"])
    assert response.status_code == 412


def test_a_member_can_neither_read_nor_write_the_profile(member: User, api: Callable[..., APIClient]) -> None:
    assert api(member).get(URL).status_code == 403
    assert put(api(member)).status_code == 403


def test_a_tenant_has_one_profile(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        BillingProfileFactory.create(tenant=tenant)
        with refuses(Refused, "already has a billing profile"):
            writes.create(BillingProfile, {"legal_name": "Acme again"})
