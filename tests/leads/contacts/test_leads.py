"""Leads through the API: normalisation, validation, events and bulk changes."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.contacts.services.leads import MAX_LEADS, domain_of
from leads.pipeline.models import LeadStage
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory, LeadStageFactory
from tests.leads.helpers import LEADS
from tests.support.api import conflict, problem
from tests.support.database import stored, violates
from tests.support.events import payloads

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]


def post(client: Any, address: str, **body: Any) -> Any:
    return client.post(address, body, format="json")


def test_a_new_lead_starts_at_the_first_stage_and_stores_its_author(api: Any, member: User) -> None:
    made = post(api(member), LEADS, first_name="Lucía", email=" Lucia@Example.ORG ")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["stage"], shown["status"], shown["email"]) == ("new", "active", "lucia@example.org")
    assert shown["created_by_user"] == str(member.pk)


def test_a_phone_number_is_normalised_and_stored_in_parts(api: Any, member: User) -> None:
    shown = post(api(member), LEADS, first_name="Enzo", phone="0039 06 1234 5678").json()
    assert shown["phone"] == "+390612345678"
    assert (shown["country_code"], shown["base_number"], shown["leading_zeros"]) == ("+39", 612345678, 1)


def test_an_invalid_phone_number_is_rejected_with_an_example(api: Any, member: User) -> None:
    response = post(api(member), LEADS, first_name="Enzo", phone="call me")
    assert problem(response) == (400, "invalid")
    assert "+971" in response.json()["errors"]["phone"][0]


def test_removing_a_phone_number_clears_its_parts(api: Any, member: User, lead: Lead) -> None:
    assert api(member).patch(f"{LEADS}{lead.pk}/", {"phone": ""}, format="json").status_code == 200
    row = stored(lead)
    assert (row.phone, row.country_code, row.base_number) == ("", "", None)


@pytest.mark.parametrize(
    ("pasted", "domain"),
    [
        ("https://www.Acme.example/about?x=1", "acme.example"),
        ("ACME.example", "acme.example"),
        ("acme.example.", "acme.example"),
        ("", ""),
    ],
)
def test_a_company_domain_is_reduced_to_the_bare_domain(pasted: str, domain: str) -> None:
    assert domain_of(pasted) == domain


@pytest.mark.parametrize("field", ["stage", "status"])
def test_an_unknown_stage_or_status_is_rejected_with_the_known_ones(
    api: Any, member: User, lead: Lead, field: str
) -> None:
    response = api(member).patch(f"{LEADS}{lead.pk}/", {field: "nowhere"}, format="json")
    assert problem(response) == (400, "invalid")
    [says] = response.json()["errors"][field]
    assert ("negotiation" if field == "stage" else "on_hold") in says


def test_another_tenants_stage_is_unknown(api: Any, member: User, other_tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadStageFactory.create()
    response = api(member).patch(f"{LEADS}{lead.pk}/", {"stage": theirs.key}, format="json")
    assert problem(response) == (400, "invalid")
    assert theirs.key in response.json()["errors"]["stage"][0].partition("Choose")[0]


def test_moving_a_lead_emits_one_event_and_no_update(api: Any, member: User, lead: Lead) -> None:
    assert api(member).patch(f"{LEADS}{lead.pk}/", {"stage": "qualified"}, format="json").status_code == 200
    assert payloads("leads.lead.stage_changed", lead.pk) == [{"before": "new", "after": "qualified"}]
    assert payloads("leads.lead.updated", lead.pk) == []


def test_changing_stage_and_title_emits_both_events(api: Any, member: User, lead: Lead) -> None:
    changes = {"stage": "qualified", "title": "Chief of Staff"}
    assert api(member).patch(f"{LEADS}{lead.pk}/", changes, format="json").status_code == 200
    assert payloads("leads.lead.updated", lead.pk) == [{"changed": ["title"]}]
    assert len(payloads("leads.lead.stage_changed", lead.pk)) == 1


def test_assigning_a_lead_sets_the_time_and_unassigning_clears_it(
    api: Any, admin: User, member: User, make_lead: Make
) -> None:
    lead = make_lead(assigned_user=None)
    assert stored(lead).assigned_at is None
    address = f"{LEADS}{lead.pk}/"
    assert api(admin).patch(address, {"assigned_user": str(member.pk)}, format="json").status_code == 200
    assert stored(lead).assigned_at is not None
    assert payloads("leads.lead.assigned", lead.pk) == [{"before": None, "after": str(member.pk)}]
    assert api(admin).patch(address, {"assigned_user": None}, format="json").status_code == 200
    assert stored(lead).assigned_at is None


def test_a_lead_cannot_be_assigned_to_a_non_member(api: Any, member: User, other_owner: User, lead: Lead) -> None:
    response = api(member).patch(f"{LEADS}{lead.pk}/", {"assigned_user": str(other_owner.pk)}, format="json")
    assert problem(response) == (400, "invalid")


def test_a_lead_is_imported_once_from_one_source(api: Any, member: User) -> None:
    body = {"first_name": "Ana", "source": "apollo_io", "source_id": "p-1"}
    assert post(api(member), LEADS, **body).status_code == 201
    again = post(api(member), LEADS, **body)
    assert "already imported" in conflict(again)
    assert post(api(member), LEADS, **{**body, "source": "unipile"}).status_code == 201


def test_a_restored_lead_whose_stage_was_removed_gets_the_first_one(api: Any, admin: User, make_lead: Make) -> None:
    lead = make_lead(stage="proposal")
    client = api(admin)
    assert client.delete(f"{LEADS}{lead.pk}/").status_code == 204
    with platform_context(tenant_id=lead.tenant_id):
        stage = LeadStage.objects.get(key="proposal")
    assert client.delete(f"/api/v1/lead-stages/{stage.pk}/").status_code == 204
    assert client.post(f"{LEADS}{lead.pk}/restore/").status_code == 200
    assert stored(lead).stage == "new"


def test_many_leads_are_assigned_and_each_has_its_outcome(api: Any, admin: User, member: User, make_lead: Make) -> None:
    moving, staying, foreign = make_lead(assigned_user=None), make_lead(), uuid4()
    ids = [str(moving.pk), str(staying.pk), str(foreign)]
    answer = post(api(admin), f"{LEADS}assign/", ids=ids, assigned_user=str(member.pk))
    assert answer.status_code == 200, answer.content
    assert [each["verdict"] for each in answer.json()["results"]] == ["changed", "unchanged", "not_found"]
    row = stored(moving)
    assert (row.assigned_user_id, row.assigned_at is not None) == (member.pk, True)
    assert payloads("leads.lead.assigned") == [{"before": None, "after": str(member.pk)}]


def test_another_tenants_lead_is_not_found_among_many(
    api: Any, admin: User, other_tenant: Tenant, make_lead: Make
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadFactory.create(assigned_user=None)
    answer = post(api(admin), f"{LEADS}move/", ids=[str(theirs.pk)], stage="won").json()
    assert answer["results"] == [{"id": str(theirs.pk), "verdict": "not_found"}]
    assert stored(theirs).stage == "new"


def test_many_leads_move_and_each_emits_an_event(api: Any, member: User, make_lead: Make) -> None:
    leads = [make_lead() for _ in range(3)]
    answer = post(api(member), f"{LEADS}move/", ids=[str(each.pk) for each in leads], stage="contacted")
    assert {each["verdict"] for each in answer.json()["results"]} == {"changed"}
    assert {stored(each).stage for each in leads} == {"contacted"}
    assert payloads("leads.lead.stage_changed") == [{"before": "new", "after": "contacted"}] * 3


def test_too_many_leads_at_once_are_rejected(api: Any, member: User) -> None:
    ids = [str(uuid4()) for _ in range(MAX_LEADS + 1)]
    assert problem(post(api(member), f"{LEADS}move/", ids=ids, stage="won")) == (400, "invalid")


def test_a_viewer_cannot_move_leads(api: Any, viewer: User, lead: Lead) -> None:
    assert problem(post(api(viewer), f"{LEADS}move/", ids=[str(lead.pk)], stage="won")) == (403, "missing_right")
    assert api(viewer).get(f"{LEADS}board/").status_code == 200


def test_the_board_leaves_out_archived_and_deleted_leads(api: Any, member: User, make_lead: Make) -> None:
    make_lead(stage="won", estimated_value="1500.00", currency="EUR")
    make_lead(stage="won", estimated_value="500.00", currency="EUR")
    make_lead(stage="won", is_archived=True)
    assert api(member).delete(f"{LEADS}{make_lead(stage='won').pk}/").status_code == 204
    stages = api(member).get(f"{LEADS}board/").json()["stages"]
    assert [each["key"] for each in stages][:2] == ["new", "contacted"]
    [won] = [each for each in stages if each["key"] == "won"]
    assert (won["leads"], won["values"]) == (2, {"EUR": "2000.00"})


@pytest.mark.parametrize("term", ["mari", "MARIA DA", "da silva", "acme tr", "+971500", "0097150099", "maria@"])
def test_a_lead_is_found_by_the_start_of_its_details(api: Any, member: User, make_lead: Make, term: str) -> None:
    wanted = make_lead(
        first_name="Maria",
        last_name="da Silva",
        company_name="Acme Trading",
        email="maria@acme.example",
        phone="+971500991234",
    )
    make_lead(first_name="Zoe", last_name="Young", company_name="Zeta", email="zoe@zeta.example", phone="+14155550100")
    found = api(member).get(LEADS, {"search": term})
    assert [row["id"] for row in found.json()["results"]] == [str(wanted.pk)]


def test_a_lead_is_read_with_its_related_rows(api: Any, member: User, lead: Lead) -> None:
    post(api(member), "/api/v1/lead-notes/", lead=str(lead.pk), content="Call back on Monday.")
    shown = api(member).get(f"{LEADS}{lead.pk}/", {"include": "notes,bookings,social,attachments"}).json()
    assert [note["content"] for note in shown["notes"]["results"]] == ["Call back on Monday."]
    assert shown["bookings"]["results"] == []
    assert shown["social"] is None
    assert shown["attachments"]["results"] == []


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"email": "Not@Lower.example"}, "leads_email_lowercase"),
        ({"company_domain": "Upper.example"}, "leads_company_domain_lowercase"),
        ({"priority": 5}, "leads_priority_valid"),
        ({"estimated_value": "-1"}, "leads_value_not_negative"),
        ({"currency": "euro"}, "leads_currency_valid"),
        ({"stage": ""}, "leads_stands_somewhere"),
        ({"country_code": "", "base_number": 5}, "leads_phone_parts"),
    ],
)
def test_the_database_rejects_an_invalid_lead(
    tenant: Tenant, lead: Lead, values: dict[str, Any], constraint: str
) -> None:
    with platform_context(tenant_id=tenant.pk), violates(constraint):
        if "email" in values:
            # In SQL, because the field would convert the address to lower case.
            with connection.cursor() as cursor:
                cursor.execute("UPDATE leads SET email = %s WHERE id = %s", [values["email"], lead.pk])
        else:
            Lead.objects.filter(pk=lead.pk).update(**values)


def test_the_database_rejects_the_same_source_twice(tenant: Tenant, make_lead: Make) -> None:
    first = make_lead()
    with platform_context(tenant_id=tenant.pk), violates("leads_source_key"):
        Lead.objects.filter(pk=make_lead().pk).update(source_id=first.source_id)
    with platform_context(tenant_id=tenant.pk), transaction.atomic():
        first.delete()
        Lead.objects.filter(pk=make_lead().pk).update(source_id=first.source_id)


def test_the_database_rejects_assignment_to_a_non_member(tenant: Tenant, lead: Lead, other_owner: User) -> None:
    with platform_context(tenant_id=tenant.pk), pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(assigned_user=other_owner)
