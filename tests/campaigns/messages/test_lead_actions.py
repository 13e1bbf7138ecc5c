"""Write to a lead, enrol it and stop its campaigns, from its page and through the API; and tasks for people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    CampaignLeadActivityFactory,
    CampaignLeadFactory,
    CommunicationTemplateFactory,
    EmailAccountFactory,
)
from tests.factories.leads import LeadFactory, SuppressionFactory
from tests.factories.tenants import UserCapabilityFactory


@pytest.fixture
def hans(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        lead: Lead = LeadFactory.create(first_name="Hans", email="hans@acme.example")
    return lead


@pytest.fixture
def account(tenant: Tenant, owner: User) -> EmailAccount:
    with platform_context(tenant_id=tenant.pk):
        made: EmailAccount = EmailAccountFactory.create(
            email="maya@acme.example", user=owner, status=EmailAccountStatus.CONNECTED
        )
    return made


def written(tenant: Tenant) -> list[tuple[str, str, str]]:
    with platform_context(tenant_id=tenant.pk):
        rows = Message.objects.order_by("created_at")
        return [(row.subject, row.body.strip(), row.state) for row in rows]


@pytest.mark.parametrize("way", ["admin", "api"])
def test_a_user_writes_to_a_lead_with_a_template_or_without(
    tenant: Tenant,
    owner: User,
    hans: Lead,
    account: EmailAccount,
    api: Any,
    admin_of: Callable[..., Client],
    way: str,
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = CommunicationTemplateFactory.create(
            subject="Hello {{first_name}}", body="How are you?", tenant=tenant
        )
    entries = [
        {"subject": "A question", "body": "Do you have time?", "email_account": str(account.pk)},
        {"template": str(template.pk)},
    ]
    for values in entries:
        if way == "admin":
            browser = admin_of(owner)
            page = browser.post(f"/admin/leads/lead/{hans.pk}/write/", values, follow=True).content.decode()
            assert "waits to be sent from maya@acme.example" in page
        else:
            answer = api(owner).post("/api/v1/messages/write/", {"lead": str(hans.pk), **values}, format="json")
            assert (answer.status_code, answer.json()["email_account"]) == (201, str(account.pk))
    assert written(tenant) == [
        ("A question", "Do you have time?", MessageState.QUEUED),
        ("Hello Hans", "How are you?", MessageState.QUEUED),
    ]


def test_what_cannot_be_sent_is_refused_with_the_reason(
    tenant: Tenant, owner: User, hans: Lead, account: EmailAccount, api: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = CommunicationTemplateFactory.create(body="Dear {{custom.nickname}}", tenant=tenant)

    def write(**values: Any) -> tuple[int, dict[str, Any]]:
        answer = api(owner).post("/api/v1/messages/write/", {"lead": str(hans.pk), **values}, format="json")
        return answer.status_code, answer.json()

    assert write(subject="Hi")[0] == 400
    status, body = write(template=str(template.pk))
    assert (status, list(body["errors"])) == (400, ["template"])
    with platform_context(tenant_id=tenant.pk):
        SuppressionFactory.create(lead=hans, channel="all", address="hans@acme.example")
    status, body = write(subject="Hi", body="Hello")
    assert (status, body["code"]) == (409, "lead_not_to_be_contacted")
    assert written(tenant) == []


def test_a_lead_is_enrolled_and_its_campaigns_are_stopped_from_its_page(
    tenant: Tenant, owner: User, hans: Lead, ready: Campaign, admin_of: Callable[..., Client]
) -> None:
    browser = admin_of(owner)

    def act(name: str, **values: str) -> str:
        return browser.post(f"/admin/leads/lead/{hans.pk}/{name}/", values, follow=True).content.decode()

    def status() -> list[tuple[str, str]]:
        with platform_context(tenant_id=tenant.pk):
            return list(CampaignLead.objects.filter(lead=hans.pk).values_list("status", "reason"))

    assert "was enrolled in Autumn" in act("enrol_lead", campaign=str(ready.pk))
    assert status() == [("pending", "")]
    assert "was not enrolled: 0 enrolled; left out: 1 already enrolled" in act("enrol_lead", campaign=str(ready.pk))
    assert "1 enrolment of" in act("stop_campaigns", enrolment="all")
    assert status() == [("stopped", "stopped_by_hand")]
    assert "is not enrolled in a campaign that goes on" in act("stop_campaigns", enrolment="all")


def test_the_api_stops_one_campaign_or_all_of_a_lead(tenant: Tenant, owner: User, hans: Lead, api: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        first, second, third = (CampaignLeadFactory.create(lead=hans, status=EnrolmentStatus.ACTIVE) for _ in range(3))
        other = CampaignLeadFactory.create(status=EnrolmentStatus.ACTIVE)

    def stop(**body: Any) -> set[str]:
        answer = api(owner).post(f"/api/v1/leads/{hans.pk}/stop-campaigns/", body, format="json")
        assert answer.status_code == 200, answer.content
        return set(answer.json()["stopped"])

    assert stop(enrolments=[str(first.pk), str(other.pk)]) == {str(first.pk)}
    assert stop() == {str(second.pk), str(third.pk)}
    assert stop() == set()


def test_stopping_needs_the_right_to_change_campaigns(tenant: Tenant, owner: User, hans: Lead, api: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=owner, capability_key="campaigns.update", enabled=False)
    assert api(owner).post(f"/api/v1/leads/{hans.pk}/stop-campaigns/", {}, format="json").status_code == 403


def task(campaign: Campaign, lead: Lead, **values: Any) -> CampaignLeadActivity:
    enrolment = CampaignLeadFactory.create(
        campaign=campaign, lead=lead, status=EnrolmentStatus.ACTIVE, reason="manual_task"
    )
    made: CampaignLeadActivity = CampaignLeadActivityFactory.create(
        campaign=campaign,
        campaign_lead=enrolment,
        step=None,
        channel=None,
        **{"step_type": "manual_task", "status": ActivityStatus.PENDING, "subject": "Ring Hans", **values},
    )
    return made


def test_tasks_are_listed_by_assignee_and_settled_once(
    tenant: Tenant, owner: User, hans: Lead, campaign: Campaign, api: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        Campaign.objects.update(status=CampaignStatus.RUNNING)
        Lead.objects.filter(pk=hans.pk).update(assigned_user=owner)
        mine = task(campaign, hans)
        others = task(campaign, LeadFactory.create())
        task(campaign, LeadFactory.create(), status=ActivityStatus.DELIVERED)

    def listed(**query: str) -> list[str]:
        answer = api(owner).get("/api/v1/campaign-tasks/", query)
        assert answer.status_code == 200, answer.content
        return [each["id"] for each in answer.json()["results"]]

    assert listed() == [str(mine.pk), str(others.pk)]
    assert listed(assignee="me") == listed(assignee=str(owner.pk)) == [str(mine.pk)]
    address = f"/api/v1/campaign-lead-activities/{mine.pk}/complete/"
    assert api(owner).post(address, {"note": "Wants a call in May."}, format="json").status_code == 200
    assert api(owner).post(address, {}, format="json").status_code == 409
    assert listed(assignee="me") == []


def test_my_tasks_are_settled_on_their_page(
    tenant: Tenant, owner: User, hans: Lead, campaign: Campaign, admin_of: Callable[..., Client]
) -> None:
    with platform_context(tenant_id=tenant.pk):
        Lead.objects.filter(pk=hans.pk).update(assigned_user=owner)
        mine = task(campaign, hans)
        task(campaign, LeadFactory.create(), subject="Ring Ada")
    browser = admin_of(owner)
    page = browser.get("/admin/tasks/").content.decode()
    assert "Ring Hans" in page and "Ring Ada" not in page
    assert "Ring Ada" in browser.get("/admin/tasks/", {"whose": "all"}).content.decode()
    after = browser.post("/admin/tasks/", {"task": str(mine.pk), "skip": "1"}, follow=True).content.decode()
    assert "“Ring Hans” was skipped." in after
    assert "No task waits for you." in after
