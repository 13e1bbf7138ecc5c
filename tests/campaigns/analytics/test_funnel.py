"""The funnel of a campaign: each lead counts once, machines and waits do not, and untracked stages are not shown."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, EnrolmentStatus
from campaigns.messages.models import MessageKind, MessageState
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactDirection
from tests.campaigns.analytics.conftest import AT, Scenario
from tests.factories.campaigns import CampaignStepFactory, MessageFactory

Ask = Callable[..., dict[str, Any]]


def track(scenario: Scenario) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        Campaign.objects.filter(pk=scenario.campaign.pk).update(config={"tracking": {"opens": True, "clicks": True}})


def stages(page: dict[str, Any]) -> dict[str, int]:
    return {stage["key"]: stage["number"] for stage in page["stages"]}


def steps(page: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["title"]: step for step in page["steps"]}


def test_the_funnel_counts_every_lead_once_and_machines_never(scenario: Scenario, ask: Ask) -> None:
    track(scenario)
    untouched = scenario.enrolment(status=EnrolmentStatus.PENDING, started_at=None)
    read, clicked, answered, bounced, scanned, failed = (scenario.enrolment() for _ in range(6))
    goal = scenario.enrolment(status=EnrolmentStatus.COMPLETED, completed_at=AT, reason="goal_reached")
    scenario.message(read, opened_at=AT, events="opened")
    scenario.message(read, "linkedin", opened_at=AT)
    scenario.message(clicked, clicked_at=AT, events="clicked")
    scenario.message(answered, opened_at=AT, replied_at=AT)
    scenario.message(bounced, events="bounced")
    scenario.message(scanned, events="opened! clicked!")
    scenario.message(failed, state=MessageState.FAILED)
    scenario.message(goal)
    for each in (untouched, goal):
        scenario.activity(each, "search", ActivityStatus.DELIVERED)
        scenario.activity(each, "wait", ActivityStatus.DELIVERED)
    page = ask("funnel")
    assert stages(page) == {
        "enrolled": 8,
        "contacted": 6,
        "delivered": 5,
        "opened": 3,
        "clicked": 1,
        "answered": 1,
        "goal": 1,
    }
    assert (page["enrolled"], page["open"]) == (8, 7)
    assert [stage["share"] for stage in page["stages"]][:2] == [1, 0.75]


def test_a_channel_without_messages_and_an_answer_without_one_count_by_their_activities(
    scenario: Scenario, ask: Ask
) -> None:
    sent, connected, replied, skipped, wrote = (scenario.enrolment() for _ in range(5))
    scenario.activity(sent, "linkedin", ActivityStatus.SENT)
    scenario.activity(connected, "linkedin", ActivityStatus.CONNECTED)
    scenario.activity(replied, "linkedin", ActivityStatus.REPLIED)
    scenario.activity(skipped, "linkedin", ActivityStatus.SKIPPED)
    scenario.message(wrote)
    with platform_context(tenant_id=scenario.tenant.pk):
        MessageFactory.create(
            lead=wrote.lead,
            campaign=scenario.campaign,
            campaign_lead=wrote,
            direction=ContactDirection.INBOUND,
            kind=MessageKind.REPLY,
            state=MessageState.RECEIVED,
        )
    numbers = {"enrolled": 5, "contacted": 4, "delivered": 3, "answered": 2, "goal": 0}
    assert stages(ask("funnel")) == numbers


def test_each_step_has_its_numbers_and_waits_are_never_sent(scenario: Scenario, ask: Ask) -> None:
    sent, bounced, waiting, failed, skipped, cancelled = (scenario.enrolment() for _ in range(6))
    for each in (sent, bounced):
        scenario.activity(each, "search", ActivityStatus.DELIVERED)
    scenario.message(sent, opened_at=AT, replied_at=AT)
    scenario.message(bounced, events="bounced")
    scenario.activity(failed, "email", ActivityStatus.FAILED)
    scenario.activity(skipped, "email", ActivityStatus.SKIPPED)
    scenario.activity(cancelled, "email", ActivityStatus.CANCELLED)
    scenario.activity(sent, "wait", ActivityStatus.DELIVERED)
    scenario.activity(waiting, "email", ActivityStatus.QUEUED)
    with platform_context(tenant_id=scenario.tenant.pk):
        CampaignLead.objects.filter(pk=waiting.pk).update(next_step=scenario.steps["email"], reason="sending")
        CampaignLead.objects.filter(pk=bounced.pk).update(next_step=scenario.steps["wait"], reason="delay")
    shown = steps(ask("funnel"))
    names = ("reached", "waiting", "sent", "done", "skipped", "failed", "bounced", "opened", "answered")
    assert {title: tuple(step[name] for name in names) for title, step in shown.items()} == {
        "search": (2, 0, 0, 2, 0, 0, 0, None, 0),
        "email": (6, 1, 2, 0, 2, 1, 1, None, 1),
        "wait": (2, 1, 0, 1, 0, 0, 0, None, 0),
        "linkedin": (0, 0, 0, 0, 0, 0, 0, None, 0),
    }
    track(scenario)
    assert [steps(ask("funnel"))["email"][name] for name in ("opened", "clicked")] == [1, 0]


def test_variants_count_the_answers_of_the_leads_that_were_given_them(scenario: Scenario, ask: Ask) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        scenario.steps["split"] = CampaignStepFactory.create(
            campaign=scenario.campaign, type="ab_split", title="split", config={"weights": [1, 1]}
        )
    for variant, answers in (("a", True), ("a", False), ("b", False)):
        enrolment = scenario.enrolment()
        scenario.activity(enrolment, "split", ActivityStatus.DELIVERED, metadata={"variant": variant})
        scenario.message(enrolment, replied_at=AT if answers else None)
    shown = steps(ask("funnel"))["split"]["variants"]
    assert [(each["variant"], each["reached"], each["answered"]) for each in shown] == [("a", 2, 1), ("b", 1, 0)]


def test_another_campaigns_and_deleted_enrolments_do_not_count(
    scenario: Scenario, ask: Ask, call: Callable[..., Any]
) -> None:
    gone = scenario.enrolment()
    scenario.message(gone)
    assert call("delete", "campaign-leads", gone).status_code == 204
    assert set(stages(ask("funnel")).values()) == {0}


def test_the_pages_cost_the_same_for_few_and_many_enrolments(scenario: Scenario, ask: Ask) -> None:
    def cost(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            ask(page)
        return len(captured)

    scenario.message(scenario.enrolment(next_action_at=AT))
    before = {page: cost(page) for page in ("funnel", "queue", "next-sends")}
    for _ in range(5):
        scenario.message(scenario.enrolment(next_action_at=AT), state=MessageState.QUEUED)
    assert {page: cost(page) for page in before} == before
