"""Enrolling leads, many at once and one by one."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services import enrolment
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from leads.pipeline.models import LeadStage
from tests.campaigns.design.test_lifecycle import in_state, now_in
from tests.factories.campaigns import CampaignLeadFactory
from tests.factories.leads import LeadFactory, pipeline_choice
from tests.factories.tenants import MemberFactory
from tests.support.api import conflict, field_problems, problem
from tests.support.events import events


@pytest.fixture
def lead(tenant: Any) -> Any:
    """``lead(email="")`` creates a lead of the tenant."""

    def make(**values: Any) -> Any:
        with platform_context(tenant_id=tenant.pk):
            return LeadFactory.create(**values)

    return make


def ids(*leads: Any) -> list[str]:
    return [str(each.pk) for each in leads]


def outcome(
    enrolled: int = 0,
    already: int = 0,
    archived: int = 0,
    without_address: int = 0,
    unknown: int = 0,
    refused: dict[str, int] | None = None,
) -> Any:
    return {
        "enrolled": enrolled,
        "already": already,
        "archived": archived,
        "without_address": without_address,
        "unknown": unknown,
        "refused": refused or {},
    }


def test_leads_are_enrolled_with_their_current_details(campaign: Any, call: Any, lead: Any, tenant: Any) -> None:
    known = lead(first_name="Ines", company_name="Northwind", custom_fields={"size": 40}, location="Porto")
    assert call("post", "campaigns", campaign, "enrol", {"leads": ids(known)}).json() == outcome(enrolled=1)
    with platform_context(tenant_id=tenant.pk):
        row = campaign.enrolments.get()
    assert (row.lead_id, row.first_name, row.company_name) == (known.pk, "Ines", "Northwind")
    assert (row.email, row.phone, row.linkedin_url, row.title) == (
        known.email,
        known.phone,
        known.linkedin_url,
        known.title,
    )
    assert row.lead_data["custom_fields"] == {"size": 40}
    assert (row.status, row.current_step_order, row.started_at) == ("pending", 0, None)
    [event] = events("campaigns.campaign.leads_enrolled", tenant.pk)
    assert event.payload == outcome(enrolled=1)


def test_an_enrolment_keeps_the_details_when_the_lead_changes(campaign: Any, call: Any, lead: Any, tenant: Any) -> None:
    known = lead(email="old@client.example")
    call("post", "campaigns", campaign, "enrol", {"leads": ids(known)})
    call("patch", "leads", known, body={"email": "new@client.example"})
    with platform_context(tenant_id=tenant.pk):
        assert campaign.enrolments.get().email == "old@client.example"


def test_a_lead_with_old_details_is_enrolled_one_by_one_as_well(
    campaign: Any, call: Any, lead: Any, tenant: Any
) -> None:
    known = lead(phone="+15550100", base_number=5550100, country_code="+1", email="old@corp.local")
    made = call("post", "campaign-leads", body={"campaign": str(campaign.pk), "lead": str(known.pk)})
    assert made.status_code == 201, made.content
    assert (made.json()["phone"], made.json()["email"]) == ("+15550100", "old@corp.local")
    with platform_context(tenant_id=tenant.pk):
        row = campaign.enrolments.get()
    assert call("patch", "campaign-leads", row, body={"title": "Head"}).status_code == 200
    changed = call("patch", "campaign-leads", row, body={"phone": "+44 1111"})
    assert "read as +44 1111" in changed.json()["errors"]["phone"][0]


def test_the_outcome_counts_every_named_lead(campaign: Any, call: Any, lead: Any, add_step: Any) -> None:
    add_step(campaign)
    fine, already, archived = lead(), lead(), lead(is_archived=True)
    no_email = lead(email="")
    call("post", "campaigns", campaign, "enrol", {"leads": ids(already)})
    everybody = [*ids(fine, already, archived, no_email), str(uuid4())]
    answer = call("post", "campaigns", campaign, "enrol", {"leads": everybody}).json()
    assert answer == outcome(enrolled=1, already=1, archived=1, without_address=1, unknown=1)


def test_enrolling_again_enrols_nobody_twice_and_emits_nothing(campaign: Any, call: Any, lead: Any) -> None:
    body = {"leads": ids(lead(), lead())}
    assert call("post", "campaigns", campaign, "enrol", body).json() == outcome(enrolled=2)
    assert call("post", "campaigns", campaign, "enrol", body).json() == outcome(already=2)
    assert len(events("campaigns.campaign.leads_enrolled")) == 1


@pytest.mark.parametrize(
    ("type_", "config", "address"),
    [
        ("linkedin_visit", {}, {"linkedin_url": "https://www.linkedin.com/in/ines"}),
        ("whatsapp_send", {"message": "x"}, {"phone": "+971501234567"}),
        ("voice_agent_call", {"agent_id": 1, "context": "x"}, {"phone": "+971501234568"}),
        ("email_send", {"subject": "x", "body": "x"}, {"email": "ines@client.example"}),
    ],
)
def test_a_lead_needs_an_address_for_a_channel_of_the_campaign(
    type_: str, config: Any, address: Any, campaign: Any, call: Any, lead: Any, add_step: Any
) -> None:
    add_step(campaign, type=type_, config=config)
    nowhere = {"email": "", "phone": "", "linkedin_url": "", "country_code": "", "base_number": None}
    reached, unreached = lead(**{**nowhere, **address}), lead(**nowhere)
    answer = call("post", "campaigns", campaign, "enrol", {"leads": ids(reached, unreached)}).json()
    assert answer == outcome(enrolled=1, without_address=1)


def test_leads_are_chosen_by_criteria(campaign: Any, call: Any, lead: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        won, lost = (
            pipeline_choice(LeadStage, "won", display_order=1),
            pipeline_choice(LeadStage, "lost", display_order=2),
        )
        seller = MemberFactory.create()
    lead(stage=won, tags=["vip"], assigned_user=seller)
    lead(stage=won, tags=["vip"])
    lead(stage=won)
    lead(stage=lost, tags=["vip"])
    chosen = {"stages": ["won"], "tag": "vip", "assigned_user": str(seller.pk)}
    assert call("post", "campaigns", campaign, "enrol", chosen).json() == outcome(enrolled=1)
    wider = {"stages": ["won"], "tag": "vip"}
    assert call("post", "campaigns", campaign, "enrol", wider).json() == outcome(enrolled=1, already=1)


def test_an_empty_choice_enrols_nobody(campaign: Any, call: Any, lead: Any) -> None:
    lead()
    assert field_problems(call("post", "campaigns", campaign, "enrol", {}))["non_field_errors"]
    both = {"leads": [str(uuid4())], "stages": ["won"]}
    assert "not both" in str(field_problems(call("post", "campaigns", campaign, "enrol", both)))


def test_a_foreign_lead_is_unknown(campaign: Any, call: Any, other_tenant: Any) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        foreign = LeadFactory.create()
    assert call("post", "campaigns", campaign, "enrol", {"leads": ids(foreign)}).json() == outcome(unknown=1)


def test_too_many_leads_are_rejected_as_a_whole(campaign: Any, lead: Any, tenant: Any) -> None:
    leads = [lead().pk for _ in range(3)]
    with tenant_context(tenant.pk), pytest.raises(Invalid), transaction.atomic():
        enrolment.enrol(campaign=campaign, leads=leads, actor=None, max_leads=2)
    with platform_context(tenant_id=tenant.pk):
        assert not campaign.enrolments.exists()


def test_enrolling_costs_the_same_for_three_leads_and_for_thirty(
    campaign: Any, lead: Any, tenant: Any, django_assert_max_num_queries: Any
) -> None:
    leads = [lead().pk for _ in range(30)]
    with tenant_context(tenant.pk), django_assert_max_num_queries(8):
        assert enrolment.enrol(campaign=campaign, leads=leads, actor=None).enrolled == 30


def test_ids_of_enrolments_are_in_order_of_time(campaign: Any, call: Any, lead: Any, tenant: Any) -> None:
    for _ in range(3):
        call("post", "campaigns", campaign, "enrol", {"leads": ids(lead())})
    with platform_context(tenant_id=tenant.pk):
        rows = list(campaign.enrolments.order_by("created_at"))
    assert all(row.pk.version == 7 for row in rows)
    assert rows == sorted(rows, key=lambda row: row.pk)


@pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
def test_nobody_is_enrolled_in_a_finished_campaign(status: str, campaign: Any, call: Any, lead: Any) -> None:
    in_state(campaign, CampaignStatus(status))
    known = lead()
    over = (409, "campaign_over")
    assert problem(call("post", "campaigns", campaign, "enrol", {"leads": ids(known)})) == over
    one = {"campaign": str(campaign.pk), "lead": str(known.pk)}
    assert problem(call("post", "campaign-leads", body=one)) == over


def test_a_single_lead_is_enrolled_with_its_details(campaign: Any, call: Any, lead: Any) -> None:
    known = lead(first_name="Ines")
    one = {"campaign": str(campaign.pk), "lead": str(known.pk)}
    made = call("post", "campaign-leads", body=one)
    assert (made.json()["first_name"], made.json()["email"]) == ("Ines", known.email)
    assert "already enrolled in this campaign" in conflict(call("post", "campaign-leads", body=one))
    archived = {**one, "lead": str(lead(is_archived=True).pk)}
    assert problem(call("post", "campaign-leads", body=archived)) == (409, "lead_archived")


def test_the_database_rejects_a_second_enrolment_of_a_lead(campaign: Any, tenant: Any, lead: Any) -> None:
    known = lead()
    with platform_context(tenant_id=tenant.pk):
        first = CampaignLeadFactory.create(campaign=campaign, lead=known)
        with pytest.raises(IntegrityError, match="campaign_leads_once"), transaction.atomic():
            CampaignLeadFactory.create(campaign=campaign, lead=known)
        first.delete()
        assert CampaignLeadFactory.create(campaign=campaign, lead=known).pk


def test_the_times_of_an_enrolment_follow_its_status(campaign: Any, call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CampaignLeadFactory.create(campaign=campaign)
    begun = call("patch", "campaign-leads", row, body={"status": "active"}).json()
    assert begun["started_at"] and begun["completed_at"] is None
    ended = call("patch", "campaign-leads", row, body={"status": "completed"}).json()
    assert ended["started_at"] == begun["started_at"] <= ended["completed_at"]
    assert call("patch", "campaign-leads", row, body={"status": "active"}).json()["completed_at"] is None


def test_the_lead_of_an_enrolment_cannot_change(campaign: Campaign, call: Any, lead: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CampaignLeadFactory.create(campaign=campaign)
    assert field_problems(call("patch", "campaign-leads", row, body={"lead": str(lead().pk)}))["lead"]


def test_deleting_and_restoring_a_lead_includes_its_enrolments(campaign: Any, call: Any, lead: Any) -> None:
    known = lead()
    call("post", "campaigns", campaign, "enrol", {"leads": ids(known)})
    call("delete", "leads", known)
    with platform_context():
        row = CampaignLead.all_objects.get(lead=known)
        assert row.deleted_at is not None
    call("post", "leads", known, "restore")
    assert now_in(row).deleted_at is None
