"""Leads are found by what people type, in every script, through the index and without it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from lad.tenancy.context import platform_context, tenant_context
from leads.contacts import selectors
from leads.contacts.models import Lead, LeadSearchText
from tenants.teams.models import Tenant
from tests.contract.sql import DENIED, refused
from tests.factories.leads import LeadFactory
from tests.leads.contacts.searches import CASES, DETAILS, DOMAIN, EMAIL, PHONE
from tests.leads.helpers import LEADS
from tests.support.api import ids

Make = Callable[..., Lead]


@pytest.fixture(params=["index", "walk"])
def way(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few leads are found through the index; of many, the first rows of a list are read and compared."""
    if request.param == "walk":
        monkeypatch.setattr(selectors, "MAX_KEYS", 0)


def test_the_table_covers_scripts_and_answers() -> None:
    assert len(CASES) >= 60
    assert {found for *_case, found in CASES} == {True, False}


def test_names_in_every_script_are_found_as_people_type_them(tenant: Tenant, stages: None, way: None) -> None:
    wrong = []
    with tenant_context(tenant.pk):
        people = dict.fromkeys(case[:3] for case in CASES)
        rows = [Lead(first_name=first, last_name=last, company_name=company) for first, last, company in people]
        keys = dict(zip(people, Lead.objects.bulk_create(rows), strict=True))
        for first, last, company, term, expected in CASES:
            lead = keys[first, last, company]
            found = selectors.find_leads(Lead.objects.all(), term).filter(pk=lead.pk).exists()
            wrong += [(str(lead), term)] if found is not expected else []
    assert wrong == []


def test_details_are_found_by_any_part(tenant: Tenant, make_lead: Make, way: None) -> None:
    lead = make_lead(first_name="Ana", last_name="", email=EMAIL, phone=PHONE, company_domain=DOMAIN, company_name="")
    make_lead(
        first_name="Zoe",
        last_name="Zeta",
        email="zoe@zeta.example",
        phone="+14155550100",
        company_domain="zeta.example",
        company_name="Zeta",
    )
    with tenant_context(tenant.pk):
        found = {term: [*selectors.find_leads(Lead.objects.all(), term)] for term in DETAILS}
    assert found == {term: [lead] if expected else [] for term, expected in DETAILS.items()}


@pytest.mark.parametrize("term", ["&", "%", "_", "\\", "' OR true --", "\u0301", "🙂", "ـ", "a" * 201])
def test_a_term_without_words_finds_nothing(api: Any, member: Any, lead: Lead, term: str) -> None:
    assert ids(api(member).get(LEADS, {"search": term})) == []


def test_the_text_follows_the_lead(tenant: Tenant, api: Any, member: Any, admin: Any, make_lead: Make) -> None:
    lead = make_lead(first_name="Grace", last_name="Hopper")
    caller = api(admin)

    def found(term: str, **parameters: str) -> list[str]:
        return ids(caller.get(LEADS, {"search": term, **parameters}))

    assert found("hopper") == [str(lead.pk)]
    caller.patch(f"{LEADS}{lead.pk}/", {"last_name": "Kelly"}, format="json")
    assert (found("hopper"), found("kelly")) == ([], [str(lead.pk)])
    caller.delete(f"{LEADS}{lead.pk}/")
    assert (found("kelly"), found("kelly", deleted="true")) == ([], [str(lead.pk)])
    caller.post(f"{LEADS}{lead.pk}/restore/")
    assert found("kelly") == [str(lead.pk)]
    with platform_context():
        Lead.all_objects.filter(pk=lead.pk).hard_delete()
        assert not LeadSearchText.objects.filter(pk=lead.pk).exists()


def test_other_updates_of_a_lead_leave_its_text_alone(tenant: Tenant, lead: Lead) -> None:
    def version() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid, xmin FROM lead_search_texts WHERE id = %s", [lead.pk])
            return cursor.fetchone()

    with tenant_context(tenant.pk):
        before = version()
        Lead.objects.filter(pk=lead.pk).update(stage="won", title="CTO", last_activity_at=None)
        assert version() == before


def test_a_tenant_finds_its_own_leads_only(tenant: Tenant, other_tenant: Tenant, make_lead: Make) -> None:
    mine = make_lead(first_name="Grace")
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadFactory.create(first_name="Grace")
        # Whatever tenants it names, the tenant role finds leads of the current one.
    with tenant_context(tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT total, ids FROM leads_found('{grace}', %s, 10, 10)", [[tenant.pk, other_tenant.pk]])
        assert cursor.fetchone() == (1, [mine.pk])
    with platform_context():
        found = selectors.find("grace")
        assert (found.total, set(found.keys or [])) == (2, {mine.pk, theirs.pk})
    with platform_context(tenant_id=other_tenant.pk):
        assert selectors.find("grace").keys == [theirs.pk]
    with refused(DENIED), connection.cursor() as cursor:
        cursor.execute("SELECT total FROM leads_found('{grace}', NULL, 10, 10)")


def test_the_number_of_many_leads_is_counted_by_the_search(
    admin_of: Any, admin: Any, make_lead: Make, way: None
) -> None:
    for number in range(3):
        make_lead(first_name="Grace", is_archived=number == 0)
    make_lead(first_name="Ada")
    browser = admin_of(admin)
    assert browser.get("/admin/leads/lead/", {"q": "grac"}).context["cl"].result_count == 3
    filtered = {"q": "grac", "is_archived__exact": "1"}
    assert browser.get("/admin/leads/lead/", filtered).context["cl"].result_count == 1
