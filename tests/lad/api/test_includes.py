"""Nested reads: what the query may ask for, what the document says of it, and what a registration must declare."""

import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from lad.api.includes import INCLUDED_ROWS, make_includes
from lad.api.openapi import document
from lad.api.router import resource_of
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead, LeadNote
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory, LeadNoteFactory
from tests.factories.tenants import FeatureFlagFactory
from tests.support.api import field_problems

LEADS = "/api/v1/leads/"


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    """A lead with one note more than are nested."""
    with platform_context(tenant_id=tenant.pk):
        FeatureFlagFactory.create(feature_key="deals-pipeline", is_enabled=True)
        lead: Lead = LeadFactory.create()
        LeadNoteFactory.create_batch(INCLUDED_ROWS + 1, lead=lead)
    return lead


def test_rows_come_nested_and_go_on_in_their_own_list(api: Any, owner: Any, lead: Lead) -> None:
    client = api(owner)
    nested = client.get(f"{LEADS}{lead.pk}/?include=notes").json()["notes"]
    rest = client.get(nested["next"]).json()
    listed = client.get("/api/v1/lead-notes/", {"lead": lead.pk, "page_size": 200}).json()
    assert len(nested["results"]) == INCLUDED_ROWS
    assert nested["results"] + rest["results"] == listed["results"]


def test_several_names_may_be_given_in_any_way_and_twice(api: Any, owner: Any, lead: Lead) -> None:
    client = api(owner)
    plain = client.get(f"{LEADS}{lead.pk}/").json()
    for query in ("include=notes,bookings", "include=notes&include=bookings", "include=notes, bookings,notes,"):
        assert set(client.get(f"{LEADS}{lead.pk}/?{query}").json()) - set(plain) == {"notes", "bookings"}
    assert client.get(f"{LEADS}{lead.pk}/?include=").json() == plain


def test_a_name_that_is_not_offered_is_refused_and_the_offered_ones_are_told(api: Any, owner: Any, lead: Lead) -> None:
    errors = field_problems(api(owner).get(f"{LEADS}{lead.pk}/?include=notes,tenant"))
    assert "bookings" in errors["include"][0]


def test_lists_and_writes_take_no_include(api: Any, owner: Any, lead: Lead) -> None:
    client = api(owner)
    assert list(field_problems(client.get(f"{LEADS}?include=notes"))) == ["include"]
    written = client.patch(f"{LEADS}{lead.pk}/?include=notes", {"title": "CTO"}, format="json")
    assert list(field_problems(written)) == ["include"]


def test_the_state_read_with_children_allows_a_change_of_the_row(api: Any, owner: Any, lead: Lead) -> None:
    client = api(owner)
    state = client.get(f"{LEADS}{lead.pk}/?include=notes")["ETag"]
    assert client.get(f"{LEADS}{lead.pk}/?include=notes", HTTP_IF_NONE_MATCH=state).status_code == 304
    changed = client.patch(f"{LEADS}{lead.pk}/", {"title": "CTO"}, format="json", HTTP_IF_MATCH=state)
    assert changed.status_code == 200, changed.content
    late = client.patch(f"{LEADS}{lead.pk}/", {"title": "CEO"}, format="json", HTTP_IF_MATCH=state)
    assert late.status_code == 412


def test_the_document_names_what_can_be_included_and_what_comes_back() -> None:
    schema = json.loads(document())
    read = schema["paths"]["/api/v1/leads/{id}/"]["get"]
    [parameter] = [each for each in read["parameters"] if each.get("name") == "include"]
    row, extra = read["responses"]["200"]["content"]["application/json"]["schema"]["allOf"]
    assert row == {"$ref": "#/components/schemas/Lead"}
    assert set(parameter["schema"]["items"]["enum"]) == set(extra["properties"])
    notes = extra["properties"]["notes"]["properties"]
    assert notes["results"]["items"] == {"$ref": "#/components/schemas/LeadNote"}
    assert "required" not in extra
    listed = schema["paths"]["/api/v1/leads/"]["get"]["parameters"]
    assert "include" not in {each.get("name") for each in listed}


def test_an_include_that_no_key_leads_to_is_a_mistake_in_the_code() -> None:
    with pytest.raises(ImproperlyConfigured, match="remarks"):
        make_includes(Lead, {"remarks": LeadNote}, resource_of)
    with pytest.raises(ImproperlyConfigured, match="related_name"):
        make_includes(Tenant, {"notes": LeadNote}, resource_of)
