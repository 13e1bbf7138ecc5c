"""Campaigns begin with ready-made and shared sequences, and with the leads that were chosen."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.editor import library
from campaigns.editor.models import SequenceTemplate
from campaigns.editor.ready_made import ready_made
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.requirements import lacking
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.campaigns.editor.test_sequence import BRANCHED, links, save, step, titles
from tests.factories.campaigns import CampaignLeadFactory, CommunicationTemplateFactory, LinkedinAccountFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantFactory

Call = Callable[..., Any]


@pytest.fixture
def people(tenant: Tenant) -> list[Lead]:
    """Three leads with the tag “fair”, one of whom has no address, and one without the tag."""
    with platform_context(tenant_id=tenant.pk):
        found = [LeadFactory.create(tags=["fair"], email=f"p{n}@people.example") for n in range(2)]
        return [*found, LeadFactory.create(tags=["fair"], email=""), LeadFactory.create(email="other@people.example")]


def test_there_are_eight_ready_made_sequences_over_the_channels(call: Call) -> None:
    listed = call("get", "campaigns", action="sequences").json()["sequences"]
    assert len(listed) >= 8
    channels = {channel for each in listed for channel in each["channels"]}
    assert {"email", "linkedin", "whatsapp"} <= channels
    for each in listed:
        assert each["name"] and each["description"] and len(each["steps"]) >= 3
        for shown in each["steps"]:
            # Every step is one that LAD knows, and says in a line what it does.
            assert shown["label"] and shown["title"]


@pytest.mark.parametrize("key", list(ready_made()))
def test_a_ready_made_sequence_makes_a_campaign_whose_texts_need_nothing_but_a_lead(
    call: Call, tenant: Tenant, people: list[Lead], key: str
) -> None:
    body = {"sequence": key, "name": f"From {key}"}
    response = call("post", "campaigns", action="from-sequence", body=body)
    assert response.status_code == 201, response.content
    with platform_context(tenant_id=tenant.pk):
        campaign = Campaign.objects.get(pk=response.json()["campaign"])
        graph = graph_of(campaign)
        assert len(graph.steps) == len(ready_made()[key].steps)
        # Every step can be reached, and a lead without details lacks nothing.
        assert graph.reachable(None) == set(graph.by_id)
        CampaignLeadFactory.create(campaign=campaign, first_name="", company_name="", lead=people[0])
        assert [str(each) for each in lacking(campaign) if "sender." not in each.variable] == []


def test_a_campaign_is_made_with_the_leads_of_a_tag(call: Call, tenant: Tenant, people: list[Lead]) -> None:
    body = {"sequence": "email-three-steps", "name": "Fair", "tag": "fair"}
    made = call("post", "campaigns", action="from-sequence", body=body).json()
    assert (made["enrolled"]["enrolled"], made["enrolled"]["without_address"]) == (2, 1)
    with platform_context(tenant_id=tenant.pk):
        assert Campaign.objects.get(pk=made["campaign"]).enrolments.count() == 2


def test_a_campaign_without_chosen_leads_enrols_nobody(call: Call, tenant: Tenant, people: list[Lead]) -> None:
    made = call("post", "campaigns", action="from-sequence", body={"sequence": "win-back", "name": "Back"}).json()
    assert made["enrolled"] is None
    with platform_context(tenant_id=tenant.pk):
        assert not Campaign.objects.get(pk=made["campaign"]).enrolments.exists()


def test_chosen_linkedin_accounts_act_for_the_campaign_and_foreign_ones_do_not(call: Call, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        account = LinkedinAccountFactory.create()
        paused = LinkedinAccountFactory.create(is_active=False)
    with platform_context():
        other = TenantFactory.create()
    with platform_context(tenant_id=other.pk):
        foreign = LinkedinAccountFactory.create()
    body = {"sequence": "linkedin-visit-connect-message", "name": "LinkedIn", "linkedin_accounts": [str(account.pk)]}
    made = call("post", "campaigns", action="from-sequence", body=body)
    assert made.status_code == 201, made.content
    with platform_context(tenant_id=tenant.pk):
        assert Campaign.objects.get(pk=made.json()["campaign"]).accounts.get().linkedin_account_id == account.pk
    for unusable in (foreign, paused):
        body = {**body, "linkedin_accounts": [str(unusable.pk)]}
        refused = call("post", "campaigns", action="from-sequence", body=body)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["linkedin_accounts"])
    with platform_context(tenant_id=tenant.pk):
        assert Campaign.objects.count() == 1


def test_a_shared_sequence_keeps_branches_and_texts_and_makes_a_campaign(
    call: Call, campaign: Campaign, tenant: Tenant
) -> None:
    save(call, campaign, BRANCHED)
    response = call("post", "campaigns", campaign, "share", {"name": "Ours", "description": "It works."})
    assert response.status_code == 201, response.content
    [shared] = response.json()["sequences"]
    assert shared["shared"] and shared["name"] == "Ours"
    made = call("post", "campaigns", action="from-sequence", body={"sequence": shared["key"], "name": "Again"}).json()
    with platform_context(tenant_id=tenant.pk):
        copy = Campaign.objects.get(pk=made["campaign"])
        configs = [[each.config for each in row.steps.order_by("order")] for row in (campaign, copy)]
    assert configs[0] == configs[1]
    assert titles(copy) == titles(campaign) and links(copy) == links(campaign)


def test_a_shared_sequence_survives_the_deletion_of_its_template(
    call: Call, campaign: Campaign, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = CommunicationTemplateFactory.create(subject="Kept", body="These words stay.")
    save(call, campaign, [step("mail", "email_send", config={"template_id": str(template.pk)})])
    [shared] = call("post", "campaigns", campaign, "share", {}).json()["sequences"]
    assert call("delete", "communication-templates", template).status_code == 204
    made = call("post", "campaigns", action="from-sequence", body={"sequence": shared["key"], "name": "Again"})
    assert made.status_code == 201, made.content
    with platform_context(tenant_id=tenant.pk):
        config = CampaignStep.objects.get(campaign=made.json()["campaign"]).config
        assert not CommunicationTemplate.objects.filter(pk=template.pk).exists()
    assert config == {"subject": "Kept", "body": "These words stay."}


def test_another_tenants_shared_sequence_is_not_found(call: Call, tenant: Tenant) -> None:
    with platform_context():
        other = TenantFactory.create()
    with platform_context(tenant_id=other.pk):
        foreign = SequenceTemplate.objects.create(name="Theirs", steps=[step("wait")])
    body = {"sequence": str(foreign.pk), "name": "Stolen"}
    answer = call("post", "campaigns", action="from-sequence", body=body)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == ["sequence"]
    names = [each["name"] for each in call("get", "campaigns", action="sequences").json()["sequences"]]
    assert names and "Theirs" not in names


def test_a_shared_sequence_that_could_not_be_used_is_refused(call: Call) -> None:
    wrong = [step("mail", "email_send", config={"subject": "Hi", "body": "Dear {{ firstnam }}"})]
    response = call("post", "campaign-sequence-templates", body={"name": "Wrong", "steps": wrong})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["steps"])
    right = call("post", "campaign-sequence-templates", body={"name": "Right", "steps": [step("wait")]})
    assert right.status_code == 201, right.content


def test_leads_are_counted_by_channel_before_anybody_is_enrolled(tenant: Tenant, people: list[Lead]) -> None:
    from campaigns.enrolment.services.enrolment import LeadChoice
    from leads.channels import Channel

    with platform_context(tenant_id=tenant.pk):
        found = library.count_leads(tenant_id=tenant.pk, choice=LeadChoice(tag="fair"), channels=[Channel.EMAIL])
    assert (found.leads, found.reachable, found.by_channel) == (3, 2, {"email": 2})


def test_a_copy_has_the_branches_and_with_its_leads_everybody_begins_anew(
    call: Call, campaign: Campaign, tenant: Tenant, people: list[Lead]
) -> None:
    save(call, campaign, BRANCHED)
    with platform_context(tenant_id=tenant.pk):
        for lead in people[:2]:
            CampaignLeadFactory.create(campaign=campaign, lead=lead, status="stopped")
    copies = [call("post", "campaigns", campaign, "duplicate", body={"with_leads": leads}) for leads in (False, True)]
    assert [each.status_code for each in copies] == [201, 201]
    with platform_context(tenant_id=tenant.pk):
        plain, whole = (Campaign.objects.get(pk=each.json()["id"]) for each in copies)
        assert links(plain) == links(whole) == links(campaign)
        assert plain.enrolments.count() == 0
        assert set(whole.enrolments.values_list("lead", "status")) == {(lead.pk, "pending") for lead in people[:2]}
        assert StepLink.objects.filter(campaign=whole).count() == len(links(campaign))
