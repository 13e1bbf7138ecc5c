"""From draft to archive."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.design.mails import CAMPAIGN_PAUSED
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus
from lad.mail.kinds import Obsolete
from lad.mail.messages import build
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    CampaignAccountFactory,
    CampaignLeadActivityFactory,
    CampaignLeadFactory,
    LinkedinAccountFactory,
)
from tests.support.api import field_problems, problem
from tests.support.events import events


def in_state(campaign: Campaign, status: CampaignStatus) -> Campaign:
    with platform_context():
        Campaign.objects.filter(pk=campaign.pk).update(status=status)
    return campaign


def now_in(row: Any) -> Any:
    with platform_context():
        return type(row).all_objects.get(pk=row.pk)


def missing(response: Any) -> list[str]:
    assert problem(response) == (409, "campaign_not_ready")
    found: list[str] = response.json()["missing"]
    return found


def test_a_ready_draft_starts_and_emits_an_event(ready: Campaign, call: Any, tenant: Any) -> None:
    response = call("post", "campaigns", ready, "start")
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "running"
    assert now_in(ready).next_run_at is not None
    [event] = events("campaigns.campaign.started", tenant.pk)
    assert event.aggregate_id == ready.pk


def test_a_campaign_with_a_start_time_runs_from_then(ready: Campaign, call: Any) -> None:
    later = timezone.now() + timedelta(days=3)
    assert call("patch", "campaigns", ready, body={"starts_at": later.isoformat()}).status_code == 200
    assert call("post", "campaigns", ready, "start").status_code == 200
    assert now_in(ready).next_run_at == later


def test_an_empty_draft_reports_everything_that_is_missing(campaign: Campaign, call: Any) -> None:
    response = call("post", "campaigns", campaign, "start")
    assert missing(response) == ["no_steps", "no_leads"]
    assert "Add one" in response.json()["detail"]
    assert now_in(campaign).status == "draft"


def test_each_channel_needs_a_working_account(campaign: Campaign, call: Any, add_step: Any, tenant: Any) -> None:
    add_step(campaign)
    add_step(campaign, type="linkedin_visit", config={})
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create(campaign=campaign)
        expired = LinkedinAccountFactory.create(status="expired")
        CampaignAccountFactory.create(campaign=campaign, linkedin_account=expired)
    assert missing(call("post", "campaigns", campaign, "start")) == ["no_linkedin_account", "no_email_account"]


def test_a_campaign_that_finds_leads_needs_no_enrolments(campaign: Campaign, call: Any, add_step: Any) -> None:
    add_step(campaign, type="lead_generation", config={"limit": 10})
    assert call("post", "campaigns", campaign, "start").status_code == 200


def test_a_campaign_whose_end_has_passed_does_not_start(ready: Campaign, call: Any) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    refused = call("patch", "campaigns", ready, body={"ends_at": yesterday.isoformat()})
    assert "has passed" in field_problems(refused)["ends_at"][0]
    with platform_context(tenant_id=ready.tenant_id):
        Campaign.objects.filter(pk=ready.pk).update(ends_at=yesterday)
    # An end that has passed since may stay.
    assert call("patch", "campaigns", ready, body={"ends_at": yesterday.isoformat(), "name": "Old"}).status_code == 200
    assert missing(call("post", "campaigns", ready, "start")) == ["over"]


def test_pausing_and_resuming_keep_the_place_of_every_lead(ready: Campaign, call: Any, tenant: Any) -> None:
    call("post", "campaigns", ready, "start")
    assert call("post", "campaigns", ready, "pause").json()["status"] == "paused"
    assert now_in(ready).next_run_at is None
    assert call("post", "campaigns", ready, "resume").json()["status"] == "running"
    with platform_context(tenant_id=tenant.pk):
        assert ready.enrolments.get().status == EnrolmentStatus.PENDING
    assert len(events("campaigns.campaign.paused")) == len(events("campaigns.campaign.resumed")) == 1


def test_stopping_ends_open_enrolments_and_keeps_finished_ones(ready: Campaign, call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        [waiting] = ready.enrolments.all()
        now = timezone.now()
        done = CampaignLeadFactory.create(campaign=ready, status="completed", started_at=now, completed_at=now)
        sent = CampaignLeadActivityFactory.create(campaign=ready, campaign_lead=done, status="delivered")
        queued = CampaignLeadActivityFactory.create(campaign=ready, campaign_lead=waiting, status="queued")
    in_state(ready, CampaignStatus.RUNNING)
    assert call("post", "campaigns", ready, "stop").json()["status"] == "stopped"
    assert (now_in(waiting).status, now_in(done).status) == ("stopped", "completed")
    assert (now_in(sent).status, now_in(queued).status) == ("delivered", ActivityStatus.CANCELLED)
    [event] = events("campaigns.campaign.stopped")
    assert event.payload == {"enrolments": 1, "activities": 1}


def test_a_campaign_is_completed_without_open_enrolments_only(ready: Campaign, call: Any, tenant: Any) -> None:
    in_state(ready, CampaignStatus.RUNNING)
    assert problem(call("post", "campaigns", ready, "complete")) == (409, "wrong_campaign_state")
    with platform_context(tenant_id=tenant.pk):
        CampaignLead.objects.update(status="stopped")
    assert call("post", "campaigns", ready, "complete").json()["execution_state"] == "completed"


WAYS = {
    "start": {"draft"},
    "pause": {"running"},
    "resume": {"paused"},
    "stop": {"running", "paused"},
    "complete": {"running", "paused"},
    "archive": {"draft", "completed", "stopped"},
}


@pytest.mark.parametrize("action", WAYS)
def test_no_other_change_of_status_is_allowed(action: str, ready: Campaign, call: Any, tenant: Any) -> None:
    if action == "complete":
        with platform_context(tenant_id=tenant.pk):
            CampaignLead.objects.update(status="stopped")
    for status in CampaignStatus:
        response = call("post", "campaigns", in_state(ready, status), action)
        if status in WAYS[action]:
            assert response.status_code == 200, response.content
        else:
            assert problem(response) == (409, "wrong_campaign_state")
            assert response.json()["campaign_status"] == status


def test_the_status_cannot_be_written_directly(campaign: Campaign, call: Any) -> None:
    response = call("patch", "campaigns", campaign, body={"status": "running"})
    assert field_problems(response)["status"] == ["This field cannot be set."]


def test_a_running_campaign_is_not_deleted(campaign: Campaign, call: Any) -> None:
    in_state(campaign, CampaignStatus.RUNNING)
    assert problem(call("delete", "campaigns", campaign)) == (409, "campaign_running")


def test_a_restored_campaign_has_its_steps_and_enrolments(ready: Campaign, call: Any, tenant: Any) -> None:
    assert call("delete", "campaigns", ready).status_code == 204
    with platform_context(tenant_id=tenant.pk):
        assert not CampaignLead.objects.exists()
    assert call("post", "campaigns", ready, "restore").status_code == 200
    with platform_context(tenant_id=tenant.pk):
        assert (ready.steps.count(), ready.enrolments.count()) == (1, 1)


def test_a_copy_has_steps_and_accounts_but_no_history(ready: Campaign, call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        CampaignAccountFactory.create(campaign=ready, is_primary=True, daily_requests_used=5)
    in_state(ready, CampaignStatus.RUNNING)
    response = call("post", "campaigns", ready, "duplicate", body={})
    assert response.status_code == 201, response.content
    assert (response.json()["name"], response.json()["status"]) == ("Autumn (copy)", "draft")
    with platform_context(tenant_id=tenant.pk):
        copy = Campaign.objects.get(pk=response.json()["id"])
        assert [(step.order, step.type) for step in copy.steps.all()] == [(1, "email_send")]
        account = copy.accounts.get()
        assert (account.is_primary, account.daily_requests_used) == (True, 0)
        assert not copy.enrolments.exists()
        assert not CampaignLeadActivity.objects.filter(campaign=copy).exists()


def test_a_campaign_stores_who_created_and_changed_it(call: Any, owner: Any, api: Any, admin: Any) -> None:
    made = call("post", "campaigns", body={"name": "Winter"}).json()
    assert made["created_by_user"] == made["updated_by_user"] == str(owner.pk)
    url = f"/api/v1/campaigns/{made['id']}/"
    changed = api(admin).patch(url, {"name": "Early winter"}, format="json").json()
    assert (changed["created_by_user"], changed["updated_by_user"]) == (str(owner.pk), str(admin.pk))


def test_a_viewer_sees_campaigns_but_cannot_start_them(ready: Campaign, api: Any, viewer: Any) -> None:
    client = api(viewer)
    assert client.get(f"/api/v1/campaigns/{ready.pk}/progress/").status_code == 200
    assert problem(client.post(f"/api/v1/campaigns/{ready.pk}/start/")) == (403, "missing_right")


def test_progress_counts_every_status(ready: Campaign, call: Any, tenant: Any, django_assert_num_queries: Any) -> None:
    from campaigns.enrolment import selectors

    with platform_context(tenant_id=tenant.pk):
        enrolment = ready.enrolments.get()
        CampaignLeadActivityFactory.create_batch(2, campaign=ready, campaign_lead=enrolment, status="sent")
        CampaignLeadActivityFactory.create(campaign=ready, campaign_lead=enrolment, status="replied")
        with django_assert_num_queries(1):
            selectors.progress(ready)
    counted = call("get", "campaigns", ready, "progress").json()
    assert counted["leads"] == counted["enrolments"]["pending"] == 1
    assert (counted["activities"]["sent"], counted["activities"]["replied"]) == (2, 1)
    assert counted["activities"]["failed"] == 0


def test_deliveries_are_told_apart_from_waits_searches_and_visits(ready: Campaign, call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        enrolment = ready.enrolments.get()
        for step_type in ("email_send", "delay", "lead_generation", "linkedin_company_search", "linkedin_visit"):
            CampaignLeadActivityFactory.create(
                campaign=ready, campaign_lead=enrolment, status="delivered", step_type=step_type
            )
        CampaignLeadActivityFactory.create(campaign=ready, campaign_lead=enrolment, status="pending", step_type="delay")
    counted = call("get", "campaigns", ready, "progress").json()
    assert (counted["activities"]["delivered"], counted["activities"]["pending"]) == (1, 0)
    assert (counted["other_steps"]["done"], counted["other_steps"]["pending"]) == (4, 1)


def test_people_are_told_by_mail_of_a_campaign_that_lad_pauses(
    ready: Campaign, call: Any, tenant: Tenant, member: User, owner: User, admin: User, viewer: User
) -> None:
    assert call("post", "campaigns", ready, "start").status_code == 200
    with platform_context(tenant_id=tenant.pk):
        Campaign.objects.filter(pk=ready.pk).update(created_by_user=member)
        assert lifecycle.halt(campaign=ready, reason="6.0% of 50 messages bounced.")
    for _twice in range(2):
        drain()
    with platform_context():
        mails = list(MailDelivery.objects.filter(kind=CAMPAIGN_PAUSED.key))
        message = build(mails[0], now=timezone.now())
    assert sorted(mail.to_address for mail in mails) == sorted([member.email, owner.email, admin.email])
    assert message.subject == f"{ready.name} was paused"
    assert "6.0% of 50 messages bounced." in message.body
    assert call("post", "campaigns", ready, "resume").status_code == 200
    with platform_context(), pytest.raises(Obsolete):
        build(mails[0], now=timezone.now())


def test_nobody_is_told_of_a_campaign_that_a_person_pauses(ready: Campaign, call: Any) -> None:
    for action in ("start", "pause"):
        assert call("post", "campaigns", ready, action).status_code == 200
    drain()
    with platform_context():
        assert not MailDelivery.objects.filter(kind=CAMPAIGN_PAUSED.key).exists()
