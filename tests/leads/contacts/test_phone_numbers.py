"""Telephone numbers of leads: read in the tenant's country, found in every notation, kept if they are old."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.leads.helpers import LEADS
from tests.support.database import stored

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]


def set_country(tenant: Tenant, code: str) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(country=code)


def post(client: Any, phone: str) -> Any:
    return client.post(LEADS, {"first_name": "Enzo", "phone": phone}, format="json")


def test_a_local_number_is_read_in_the_tenants_country(tenant: Tenant, api: Any, member: User) -> None:
    client = api(member)
    message = post(client, "020 7946 0958").json()["errors"]["phone"][0]
    assert "no country is set for this tenant" in message
    for code, written, number in (
        ("GB", "020 7946 0958", "+442079460958"),
        ("GB", "07911 123456", "+447911123456"),
        ("IN", "011 4300 1234", "+911143001234"),
        ("AE", "٠٥٠١٢٣٤٥٦٧", "+971501234567"),
        ("IT", "06 5550 1234", "+390655501234"),
    ):
        set_country(tenant, code)
        response = post(client, written)
        assert response.status_code == 201, response.content
        shown = response.json()
        assert shown["phone"] == number
        parts = f"{shown['country_code']}{'0' * shown['leading_zeros']}{shown['base_number']}"
        assert parts == number
    set_country(tenant, "GB")
    for written, understood in (
        ("+44 1111", "read as +44 1111 in United Kingdom"),
        ("+1 555 0100", "read as +1 5550100 in United States"),
        ("0501234567", "read as +44 501234567 in United Kingdom"),
        ("020 7946 0958 ext. 12", "has the extension 12"),
    ):
        response = post(client, written)
        assert response.status_code == 400, (written, response.content)
        assert understood in response.json()["errors"]["phone"][0]


def test_every_notation_finds_the_number(
    tenant: Tenant, api: Any, member: User, make_lead: Make, admin_of: Callable[..., Client]
) -> None:
    set_country(tenant, "AE")
    wanted = make_lead(phone="+971501234567")
    make_lead(phone="+971551234567")
    client, browser = api(member), admin_of(member)
    forms = ("+971501234567", "0501234567", "050 123 4567", "00971 50 1234567", "501234567", "97150", "050-12", "٠٥٠١٢")
    for form in forms:
        for parameter in ("search", "phone"):
            found = client.get(LEADS, {parameter: form})
            assert [row["id"] for row in found.json()["results"]] == [str(wanted.pk)], (parameter, form)
        listed = browser.get("/admin/leads/lead/", {"q": form}).context["cl"].result_list
        assert [row.pk for row in listed] == [wanted.pk], form
    found = client.get(LEADS, {"phone__in": "050 123 4567,+44 20 7946 0958"}).json()["results"]
    assert [row["id"] for row in found] == [str(wanted.pk)]
    set_country(tenant, "")
    for form in ("0501234567", "050 123 4567", "97150"):
        for parameter in ("search", "phone"):
            found = client.get(LEADS, {parameter: form}).json()["results"]
            assert [row["id"] for row in found] == [str(wanted.pk)], (parameter, form)
    assert client.get(LEADS, {"phone": "0559999999"}).json()["results"] == []


def test_a_lead_with_an_old_number_can_be_changed_as_long_as_the_number_stays(
    tenant: Tenant, api: Any, member: User, lead: Lead, admin_of: Callable[..., Client]
) -> None:
    old = {"phone": "+15550100", "country_code": "+1", "base_number": 5550100, "email": "old@corp.local"}
    with platform_context():
        Lead.objects.filter(pk=lead.pk).update(**old)
    client = api(member)
    shown = client.get(f"{LEADS}{lead.pk}/").json()
    read_only = {"id", "tenant", "created_at", "updated_at", "deleted_at"}
    body = {name: value for name, value in shown.items() if name not in read_only} | {"title": "Head of sales"}
    response = client.put(f"{LEADS}{lead.pk}/", body, format="json")
    assert response.status_code == 200, response.content
    browser = admin_of(member)
    page = f"/admin/leads/lead/{lead.pk}/change/"
    saved = browser.post(page, {**untouched(browser.get(page), Lead), "last_name": "Renamed"})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    row = stored(lead)
    assert (row.title, row.last_name, row.phone, row.email) == ("Head of sales", "Renamed", old["phone"], old["email"])
    response = client.patch(f"{LEADS}{lead.pk}/", {"phone": "+1 555 0101"}, format="json")
    assert "read as +1 5550101" in response.json()["errors"]["phone"][0]
