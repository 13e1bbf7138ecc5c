"""Addresses of leads as imports bring them: accepted where the world accepts them, or refused with the reason."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.leads.helpers import LEADS, SOCIAL
from tests.support.database import stored

pytestmark = pytest.mark.usefixtures("stages")

LINKEDIN = {
    "linkedin.com/in/x": "https://linkedin.com/in/x",
    "www.linkedin.com/in/josé-garcía": "https://www.linkedin.com/in/josé-garcía",
    "//de.linkedin.com/in/x": "https://de.linkedin.com/in/x",
    "http://www.linkedin.com/in/x?trk=people": "http://www.linkedin.com/in/x?trk=people",
    "https://www.linkedin.com/in/x": "https://www.linkedin.com/in/x",
    "": "",
}


def test_addresses_are_stored_in_one_spelling_or_refused_with_the_reason(api: Any, member: User, lead: Lead) -> None:
    client, url = api(member), f"{LEADS}{lead.pk}/"
    for text, address in LINKEDIN.items():
        response = client.patch(url, {"linkedin_url": text}, format="json")
        assert (response.status_code, response.json()["linkedin_url"]) == (200, address)
    for text, address in (("Jöhn@Example.com", "jöhn@example.com"), ("o'brien+x@example.ie", "o'brien+x@example.ie")):
        response = client.patch(url, {"email": text}, format="json")
        assert (response.status_code, response.json()["email"]) == (200, address)
        assert [row["id"] for row in client.get(LEADS, {"email": text}).json()["results"]] == [str(lead.pk)]
    for field, text, reason in (
        ("email", "some.name.@gmail.com", "period immediately before the @-sign"),
        ("linkedin_url", "not an address", "Write it as in https://www.linkedin.com/in/somebody"),
        ("linkedin_url", "javascript://linkedin.com/%0aalert(1)", "Write it as in"),
    ):
        response = client.patch(url, {field: text}, format="json")
        assert reason in response.json()["errors"][field][0]


def test_the_form_of_a_lead_takes_the_same_addresses(
    api: Any, member: User, lead: Lead, admin_of: Callable[..., Client]
) -> None:
    browser, page = admin_of(member), f"/admin/leads/lead/{lead.pk}/change/"
    entries = {**untouched(browser.get(page), Lead), "email": "Jöhn@example.com", "linkedin_url": "linkedin.com/in/x"}
    assert browser.post(page, entries).status_code == 302
    row = stored(lead)
    assert (row.email, row.linkedin_url) == ("jöhn@example.com", "https://linkedin.com/in/x")
    refused = browser.post(page, {**untouched(browser.get(page), Lead), "email": "some.name.@gmail.com"})
    assert "period immediately before the @-sign" in refused.context["adminform"].form.errors["email"][0]


def test_a_whatsapp_number_among_the_profiles_is_read_as_a_number(
    tenant: Tenant, api: Any, member: User, lead: Lead
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(country="AE")
    client = api(member)
    body = {"lead": str(lead.pk), "data": {"whatsapp": "050 123 4567", "instagram": "@lad"}}
    made = client.post(SOCIAL, body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["data"] == {"whatsapp": "+971501234567", "instagram": "@lad"}
    url = f"{SOCIAL}{made.json()['id']}/"
    for handle in ("https://wa.me/971501234567", "lad-sales"):
        assert client.patch(url, {"data": {"whatsapp": handle}}, format="json").json()["data"]["whatsapp"] == handle
    refused = client.patch(url, {"data": {"whatsapp": "+44 1111"}}, format="json")
    assert "read as +44 1111" in refused.json()["errors"]["data"][0]
